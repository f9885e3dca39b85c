#!/bin/sh
# Claude Code's status line, sooner than Node starts: what it tells of its session on stdin goes to the gateway, which answers with the
# line. While there is no answer, the session's last line of today is shown; without one, or without curl, the Node program beside this
# file reads the ledger's. POSIX sh.
# usage: statusline.sh [--node PROGRAM] [--home DIR] [--db PATH]

# A trace would show the key.
set +x
# Bytes are bytes, whatever the user's language; and what is made here is the user's alone.
LC_ALL=C
umask 077
newline='
'
here=.
case $0 in */*) here=${0%/*} ;; esac
node=node
db=
while [ $# -gt 1 ]; do
  case $1 in
    --node) if [ -x "$2" ]; then node=$2; fi ;;
    --home) METIS_HOME=$2 && export METIS_HOME ;;
    --db) db=$2 ;;
  esac
  shift 2
done

# Nobody types JSON at a terminal.
told=
if [ ! -t 0 ]; then told=$(cat); fi

# Sets `value` to a text of the JSON that was told; empty when it is missing or has an escape in it.
find_text() {
  value=
  case $told in *\""$1"\":*) ;; *) return ;; esac
  value=${told#*\""$1"\":}
  value=${value#"${value%%[! ]*}"}
  case $value in
    \"*) value=${value#\"} && value=${value%%\"*} ;;
    *) value= ;;
  esac
  case $value in *\\*) value= ;; esac
}

# Sets `token` and `url` to what Claude Code goes through the gateway with; empty when it does not. The token may stand in a header
# beside a login. Nothing but a gateway's key is sent anywhere, and Anthropic is never asked.
find_gateway() {
  token=
  beside=
  case ${ANTHROPIC_CUSTOM_HEADERS:-} in
    *[Xx]-[Mm]etis-[Kk]ey:*)
      beside=${ANTHROPIC_CUSTOM_HEADERS##*[Xx]-[Mm]etis-[Kk]ey:}
      beside=${beside%%"$newline"*}
      beside=${beside#"${beside%%[! ]*}"}
      beside=${beside%"${beside##*[! ]}"}
      ;;
  esac
  for one in "$beside" "${ANTHROPIC_AUTH_TOKEN:-}" "${ANTHROPIC_API_KEY:-}"; do
    case $one in
      *[!A-Za-z0-9_]*) ;;
      gw_*) token=$one && break ;;
    esac
  done
  url=${ANTHROPIC_BASE_URL:-}
  url=${url%/}
  case $url in
    *[!]A-Za-z0-9._~:/[-]* | *[./][Aa][Nn][Tt][Hh][Rr][Oo][Pp][Ii][Cc].[Cc][Oo][Mm]*) url= ;;
    http://* | https://*) ;;
    *) url= ;;
  esac
}

# Sets `branch` and `project` from git's own files: a linked work tree has a file for `.git`, and the repository's name.
find_branch() {
  branch=
  project=
  find_text current_dir
  if [ -z "$value" ]; then find_text cwd; fi
  case $value in /*) at=$value ;; *) at=$PWD ;; esac
  at=${at%/}
  git=
  while [ -n "$at" ]; do
    if [ -d "$at/.git" ]; then
      git=$at/.git
      break
    fi
    if [ -f "$at/.git" ]; then
      read_line "$at/.git"
      case $value in 'gitdir: '*) git=${value#gitdir: } ;; esac
      if [ -n "$git" ]; then break; fi
    fi
    at=${at%/*}
  done
  if [ -z "$git" ]; then return; fi
  case $git in /*) ;; *) git=$at/$git ;; esac
  root=$at
  read_line "$git/commondir"
  if [ -n "$value" ]; then
    case $value in /*) root=$value ;; *) root=$(cd "$git/$value" 2>/dev/null && pwd) ;; esac
    case $root in */.git) root=${root%/.git} ;; *) root=${root%.git} ;; esac
  fi
  project=${root##*/}
  read_line "$git/HEAD"
  case $value in 'ref: refs/heads/'*) branch=${value#ref: refs/heads/} ;; esac
  # A file can hold anything, and these go into curl's own language.
  case $branch in *[\"\\[:cntrl:]]*) branch= ;; esac
  case $project in *[\"\\[:cntrl:]]*) project= ;; esac
  if [ ${#branch} -gt 400 ]; then branch=; fi
  if [ ${#project} -gt 400 ]; then project=; fi
}

# Sets `value` to a file's first line.
read_line() {
  value=
  if [ -f "$1" ] && [ -r "$1" ]; then IFS= read -r value <"$1"; fi
}

# For curl's stdin: its arguments are for all to see, and a here-document may be a file.
settings() {
  echo "url = \"$url/statusline\""
  echo "header = \"x-api-key: $token\""
  echo 'header = "content-type: application/json"'
  echo 'header = "expect:"'
  echo "header = \"x-metis-utc-offset: ${now#* }\""
  if [ -n "$project" ]; then echo "header = \"x-metis-project: $project\""; fi
  if [ -n "$branch" ]; then echo "header = \"x-metis-branch: $branch\""; fi
  if [ -n "${NO_COLOR:-}" ]; then echo 'header = "x-metis-no-color: 1"'; fi
  case $url in *://127.* | *://localhost* | *'://[::1]'*) echo 'noproxy = "*"' ;; esac
}

# Sets `line` and `status`: a code of HTTP and the answer's type, or `000`. Empty: a line that would tell the terminal more than colours.
ask() {
  answer=$(
    settings | curl -q -s -g -K - --connect-timeout 1 --max-time 2 --max-filesize 4096 --data-binary @/dev/fd/3 \
      -w '\n%{http_code} %{content_type}' 3<<EOF 2>/dev/null
$told
EOF
  )
  line=${answer%%"$newline"*}
  status=${answer##*"$newline"}
  plain=$line
  case $plain in
    *[[:cntrl:]]*)
      escape=$(printf '\033')
      for colour in 31 33 39; do
        case $plain in *"$escape[${colour}m"*) plain=${plain%%"$escape[${colour}m"*}${plain#*"$escape[${colour}m"} ;; esac
      done
      ;;
  esac
  case $plain in *[[:cntrl:]]*) line= ;; esac
  if [ ${#plain} -gt 1000 ]; then line=; fi
}

# After it is printed. The file is replaced at once or not at all; old ones go when a session begins.
keep() {
  exec 2>/dev/null
  # No link that lies there already is written through.
  set -C
  if [ -z "$file" ]; then return; fi
  if [ -f "$file" ]; then
    if read_kept && [ "$kept" = "$line" ]; then return; fi
  else
    if [ ! -d "$folder" ]; then mkdir -p "$folder" || return; fi
    find "$folder/." ! -name . -prune -type f -mtime +7 -exec rm -f {} +
  fi
  if printf '%s\n' "$today" "$line" >"$file.$$"; then mv -f "$file.$$" "$file"; fi
}

# Sets `kept` to the session's last line, if that is of today.
read_kept() {
  kept=
  day=
  if [ -n "$file" ] && [ -r "$file" ]; then
    { IFS= read -r day && IFS= read -r kept; } <"$file"
  fi
  [ "$day" = "$today" ] && [ -n "$kept" ]
}

run_node() {
  if command -v "$node" >/dev/null 2>&1 && [ -f "$here/statusline.cjs" ]; then
    exec "$node" "$here/statusline.cjs" ${db:+--db "$db"} <<EOF
$told
EOF
  fi
  echo 'session – · metis: no answer from the gateway'
}

find_gateway
if [ -z "$url" ] || [ -z "$token" ] || ! command -v curl >/dev/null 2>&1; then
  run_node
  exit 0
fi
now=$(date '+%Y-%m-%d %z')
today=${now% *}
# What a session is called comes from outside: only what is no path and no option makes a file's name.
file=
folder=${METIS_HOME:-${HOME:-}/.metis}/statusline
find_text session_id
case $value in
  '' | [!A-Za-z0-9]* | *[!A-Za-z0-9_-]*) ;;
  *) if [ ${#value} -le 64 ]; then file=$folder/$value; fi ;;
esac
find_branch
ask
case $status in
  '200 text/plain'*)
    case $line in
      'session '*)
        printf '%s\n' "$line"
        keep
        exit 0
        ;;
    esac
    ;;
  401* | 403*)
    echo 'session – · metis: the gateway refuses this key, see metis-gateway list-keys'
    exit 0
    ;;
esac
if read_kept; then
  if [ -n "${NO_COLOR:-}" ]; then dim= && plain=; else dim='\033[2m' && plain='\033[22m'; fi
  printf "$dim%s · no answer from the gateway$plain\n" "$kept"
else
  run_node
fi
