import type { Run } from "../command/command.ts";

// Each script runs `bpfts completion words` to get the words, so the scripts contain no knowledge of the commands. That
// command prints one word on each line. Some words are followed by a tab and a note.

const BASH = `# bash completion for bpfts. Load it with:  source <(bpfts completion bash)
_bpfts() {
    local IFS=$'\\n'
    local cur=\${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=()
    compopt -o nosort 2>/dev/null
    local word
    while IFS= read -r word; do
        word=\${word%%$'\\t'*}
        case $word in
            */) compopt -o nospace ;;
        esac
        COMPREPLY+=("$word")
    done < <("\${COMP_WORDS[0]}" completion words bash -- "\${COMP_LINE:0:COMP_POINT}" "$cur" 2>/dev/null)
}
complete -F _bpfts bpfts
`;

const ZSH = `#compdef bpfts
# zsh completion for bpfts. Load it with:  source <(bpfts completion zsh)
_bpfts() {
    local line word
    local -a answer plain plain_notes open
    answer=("\${(@f)$("\${words[1]}" completion words zsh -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
    for line in "\${answer[@]}"; do
        [[ -n $line ]] || continue
        word=\${line%%$'\\t'*}
        if [[ $word == */ ]]; then
            open+=("$word")
        else
            plain+=("$word")
            if [[ $line == *$'\\t'* ]]; then
                plain_notes+=("$word  -- \${line#*$'\\t'}")
            else
                plain_notes+=("$word")
            fi
        fi
    done
    (( \${#plain} )) && compadd -V words -l -d plain_notes -a plain
    (( \${#open} )) && compadd -V directories -S '' -a open
}
if [ "\${funcstack[1]}" = "_bpfts" ]; then
    _bpfts "$@"
else
    compdef _bpfts bpfts
fi
`;

const FISH = `# fish completion for bpfts. Load it with:  bpfts completion fish | source
function __bpfts_words
    set -l before (commandline -opc)
    set -l command $before[1]
    set -e before[1]
    $command completion words fish -- $before (commandline -ct) 2>/dev/null
end
complete -c bpfts -f -k -a '(__bpfts_words)'
`;

/** `bpfts completion bash`, `zsh` and `fish`. */
export const bashScript: Run = (words) => script(BASH, words);
export const zshScript: Run = (words) => script(ZSH, words);
export const fishScript: Run = (words) => script(FISH, words);

function script(text: string, words: Parameters<Run>[0]): ReturnType<Run> {
  words.end();
  return { text: () => [text], json: () => ({ script: text }) };
}
