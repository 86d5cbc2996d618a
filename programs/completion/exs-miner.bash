# bash completion for exs-miner; which options there are, and which of them take a value, it asks
# the program itself, so that it is never older than that.

_exs_miner() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} help
    COMPREPLY=()
    # "--name=value" comes as three words.
    if [ "$word" = "=" ]; then
        word=
    elif [ "$before" = "=" ] && ((COMP_CWORD > 1)); then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    case $before in
    -c | --config | --cert | --cookie | --log-file | --pid-file | --profile)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        compopt -o filenames 2>/dev/null
        ;;
    -a | --algo) mapfile -t COMPREPLY < <(compgen -W "sha256d" -- "$word") ;;
    --network) mapfile -t COMPREPLY < <(compgen -W "main test testnet4 regtest excalibur" -- "$word") ;;
    --pool-strategy) mapfile -t COMPREPLY < <(compgen -W "failover load-balance round-robin" -- "$word") ;;
    --display) mapfile -t COMPREPLY < <(compgen -W "line full none" -- "$word") ;;
    --cpu-budget) mapfile -t COMPREPLY < <(compgen -W "off credits 20% 40% 60% 80%" -- "$word") ;;
    --kernel)
        help=$("${COMP_WORDS[0]}" --kernel help 2>/dev/null | sed -n 's/^  \([^ ]*\) .*runs here.*/\1/p')
        mapfile -t COMPREPLY < <(compgen -W "auto help $help" -- "$word")
        ;;
    -o | --url) mapfile -t COMPREPLY < <(compgen -W "http:// https:// stratum+tcp:// stratum+ssl://" -- "$word") ;;
    *)
        case $word in
        -*)
            help=$("${COMP_WORDS[0]}" --help 2>/dev/null | grep -oE -- '^ +(-., )?--[a-z-]+' | grep -oE -- '--[a-z-]+')
            mapfile -t COMPREPLY < <(compgen -W "$help" -- "$word")
            ;;
        esac
        ;;
    esac
} && complete -o bashdefault -F _exs_miner exs-miner
