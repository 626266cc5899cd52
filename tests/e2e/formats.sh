#!/bin/sh
# formats.sh - log types of the user's own: the examples of docs/OWN-FORMATS.md as they stand there,
# and descriptions that are wrong; then odd records of the types that are built in.
. "${srcdir:-.}/tests/e2e/lib.sh"

mkdir -p "$work/config/awl/formats" "$work/logs" "$work/bad"
awk -v dir="$work/config/awl/formats" '
    /^```ini/ { file = dir "/example" ++n ".ini"; next }
    /^```/ { file = "" }
    file { print > file }' "$srcdir/docs/OWN-FORMATS.md"
XDG_CONFIG_HOME=$work/config
export XDG_CONFIG_HOME

equal "the page has four examples" "$(ls "$work/config/awl/formats" | wc -l | tr -d ' ')" 4
exits "they are right" 0 env XDG_CONFIG_HOME="$work/none" "$awl" formats "$work"/config/awl/formats/*.ini
equal "with all their samples" "$(grep -c 'parse: 1' "$work/stdout")" 4
exits "where they lie, too" 0 "$awl" formats "$work"/config/awl/formats/*.ini
exits "awl formats lists them" 0 "$awl" formats -o csv
contains "as types" "$(cat "$work/stdout")" "shop-api,Shop API access log,7,"
contains "beside those that are built in" "$(cat "$work/stdout")" "alb,Application Load Balancer access log,"
exits "awl fields knows them" 0 "$awl" fields worker
contains "with their fields" "$(cat "$work/stdout")" component

printf '%s\n' '0a|02/May/2024:03:04:05 +0000|203.0.113.5|GET|/prod/cart|504|29000' \
    '0b|02/May/2024:03:04:06 +0000|203.0.113.6|GET|/prod/cart|200|12' \
    'rubbish' >"$work/logs/the-shop-api.log"
printf '%s\n' '02.05.2024 03:04:05 [ERROR] queue.reader: cannot connect' \
    '02.05.2024 03:04:07 [INFO] queue.writer: ready' >"$work/logs/worker.log"
printf '%s\n' '{"meta":{"ts":"2024-05-02T03:04:05Z"},"order":{"id":"4711"},"state":"paid","x":{"y":1}}' \
    >"$work/logs/orders.json"
printf '1714619045.123\t203.0.113.9\t200\tGET\tshop.example.com\t/cart\tLHR50-P2\t0.005\t64500\n' \
    >"$work/logs/rt.log"
equal "each file has its type" "$("$awl" sources -o csv "$work/logs" 2>/dev/null | cut -d, -f2 | sort | tr '\n' ' ')" \
    "cloudfront_rt orders shop-api type worker "
equal "roles work across types" "$("$awl" query 'status=5xx | fields client_ip, path, duration' -o csv "$work/logs" 2>/dev/null | tail -1)" \
    "203.0.113.5,/prod/cart,29000"
equal "a line that does not fit is kept" "$("$awl" query 'filter ispresent(@unparsed) | stats count(*)' -o csv "$work/logs" 2>/dev/null | tail -1)" 1
equal "a time in a format of its own" "$("$awl" query 'filter level="ERROR" | fields @timestamp' -o csv "$work/logs/worker.log" | tail -1)" \
    "2024-05-02T03:04:05Z"
equal "JSON paths" "$("$awl" query 'fields order, state, x.y' -o csv "$work/logs/orders.json" | tail -1)" "4711,paid,1"
equal "columns for a type that is known" "$("$awl" query 'fields asn, city, time-taken' -o csv "$work/logs/rt.log" | tail -1)" \
    "64500,London,0.005"

mkdir -p "$work/flows/awl/formats"
printf '%s\n' '[format]' 'based-on = tgwflow' 'fields = tgw-id srcaddr dstaddr bytes start log-status' '[samples]' \
    '1 = tgw-01 10.0.0.1 10.1.0.2 1200 1700000000 OK' >"$work/flows/awl/formats/tgw.ini"
printf '%s\n' 'tgw-02 10.0.0.3 10.1.0.4 77 1700000060 OK' >"$work/logs/gateway"
equal "columns for a flow log without a header" \
    "$(XDG_CONFIG_HOME=$work/flows "$awl" query 'fields @logtype, tgw_id, bytes, @timestamp' -o csv "$work/logs/gateway" | tail -1)" \
    "tgwflow,tgw-02,77,2023-11-14T22:14:20Z"

# --- wrong ones ---
wrong() {
    printf '%b' "$2" >"$work/bad/x.ini"
    exits "$1" 2 "$awl" formats "$work/bad/x.ini"
    contains "and says why" "$(cat "$work/stderr")" "$3"
}
wrong "no name" '[format]\ndelimiter = |\nfields = a b\n' "wants a name"
wrong "no fields" '[format]\nname = x\ndelimiter = |\n' "fields"
wrong "a bad pattern" '[format]\nname = x\npattern = (?<a>\n' "x.ini:3: the regex does not compile"
wrong "a sample that does not parse" '[format]\nname = x\npattern = ^(?<a>[0-9]+)$\n[samples]\n1 = abc\n' "x.ini:5: this sample"
wrong "an unknown role" '[format]\nname = x\ndelimiter = |\nfields = a b\n[field a]\nrole = nothing\n' "there is no role nothing"
wrong "a name that is taken" '[format]\nname = alb\ndelimiter = |\nfields = a b\n' "of that name: alb"
wrong "no INI at all" 'hello\n' "neither NAME = VALUE"
cp "$work/bad/x.ini" "$work/config/awl/formats/zz.ini"
exits "a wrong one does not keep awl from starting" 0 "$awl" query 'stats count(*)' "$work/logs"
contains "but is told" "$(cat "$work/stderr")" "zz.ini"

# --- records that are odd ---
unset XDG_CONFIG_HOME
# ask FILE QUERY: the rows without their header
ask() { "$awl" query "$2" -o tsv "$work/odd/$1" 2>/dev/null | tail -n +2 | tr '\t' '|'; }
# type_of FILE: type, records, unparsed and header lines
type_of() { "$awl" sources -o json "$work/odd/$1" 2>/dev/null | jq -r '[.type,.records,.unparsed,.headers]|join(" ")'; }
mkdir -p "$work/odd"

for took in 0.5 0.0125 1e-3 x -1 99999999999999999999; do
    printf '%s %s 0.003 200 200 1 2 "GET http://h/ HTTP/1.1" "u"\n' \
        'h2 2024-03-05T07:08:09Z app/a/b 192.0.2.1:1 - 0.001' $took
done >"$work/odd/alb"
equal "numbers with more digits than usual are numbers" \
    "$("$awl" query 'fields target_processing_time' -o json "$work/odd/alb" | sed 's/.*time":\(.*\)}/\1/' | tr '\n' ' ')" \
    '0.5 0.0125 1e-3 "x" -1 99999999999999999999 '
equal "and do not break a sum" "$(ask alb 'stats sum(target_processing_time) as s | fields s / 1e19')" 10

mkdir -p "$work/odd/CloudTrail-Digest" "$work/odd/CloudTrail"
printf '{"awsAccountId":"1","digestStartTime":"2024-01-02T03:04:05Z","digestEndTime":"2024-01-02T04:04:05Z","logFiles":[]}' \
    >"$work/odd/CloudTrail-Digest/1_CloudTrail-Digest_r.json.gz"
equal "a digest is skipped with a word" "$(ask CloudTrail-Digest 'fields @logtype, @unparsed')" \
    "cloudtrail|an AWS test or digest object, not a log"
echo 'Permission Check Successful' >"$work/odd/aws-logs-write-test"
equal "so is the test object of an export" "$(ask aws-logs-write-test 'fields @unparsed')" \
    "an AWS test or digest object, not a log"
printf '{"Records":[]}' >"$work/odd/CloudTrail/1_CloudTrail_eu-west-1_20240102T0304Z_a.json"
vpc='2 123456789010 eni-1 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK'
tgw="6 TransitGateway 1 tgw-1 $(printf -- '- %.0s' 1 2 3 4 5 6 7 8 9 10 11 12)10.0.0.1 10.0.0.2 80 443 6 5 500 1600000000 1600000060 OK IPv4 0 0 0 0 16 eu-west-1 ingress - -"
vpc_names='version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status'
tgw_names='version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id tgw-dst-vpc-account-id tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet-id tgw-dst-subnet-id tgw-src-eni tgw-dst-eni tgw-src-az-id tgw-dst-az-id tgw-pair-attachment-id srcaddr dstaddr srcport dstport protocol packets bytes start end log-status'
printf '%s\n' "$vpc_names" "$vpc" "$tgw_names" "$tgw" "$vpc_names" "$vpc" "$tgw" rubbish >"$work/odd/flows"
equal "seconds since 1970 stay the numbers that they are" \
    "$("$awl" query 'filter @logtype = "vpcflow" and not @unparsed | fields start, end | limit 1' -o json "$work/odd/flows")" \
    '{"start":1418530010,"end":1418530070}'
equal "flow records of both kinds in one file" "$(ask flows 'stats count(*) by @logtype, @unparsed | sort @logtype, @unparsed')" \
    "$(printf 'tgwflow||2\nvpcflow|too few fields|1\nvpcflow||2')"
equal "with their headers" "$(type_of flows)" "vpcflow 5 1 3"

# messages VALUE...: a payload of a subscription, each message a JSON string, a second apart
messages() {
    n=1700000000000
    printf '{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","subscriptionFilters":[],"logEvents":['
    for m; do
        [ $n = 1700000000000 ] || printf ,
        printf '{"id":"1","timestamp":%d,"message":%s}' $((n += 1000)) "$m"
    done
    printf ']}'
}
event='{\"eventVersion\":\"1.08\",\"eventTime\":\"2024-01-02T03:04:05Z\",\"eventSource\":\"s3.amazonaws.com\",\"eventName\":\"GetObject\"'
messages "\"$event}\"" "\"$vpc\"" "\"$event\"" >"$work/odd/cut"
equal "a message that is cut is one of its file's type" "$(ask cut 'filter @unparsed like /cut/ | fields @logtype, @unparsed, eventName, @timestamp')" \
    "cloudtrail|cut in the middle, with the fields before that|GetObject|2024-01-02T03:04:05Z"
equal "and found and counted by its fields" "$(ask cut 'eventName = GetObject | stats count(*) by @unparsed | sort @unparsed')" \
    "$(printf 'cut in the middle, with the fields before that|1\n|1')"
messages '"START RequestId: 8f507cfc-1234-4697-b07a-ac58fc914c95 Version: 1"' \
    '"2024-01-02T03:04:05.678Z 8f507cfc-1234-4697-b07a-ac58fc914c95 Task timed out after 3.00 seconds"' \
    '"END RequestId: 8f507cfc-1234-4697-b07a-ac58fc914c95"' >"$work/odd/invocation"
equal "Lambda lines are where the container puts them" "$(ask invocation 'fields @timestamp, @type')" \
    "$(printf '2023-11-14T22:13:21Z|START\n2023-11-14T22:13:22Z|TIMEOUT\n2023-11-14T22:13:23Z|END')"
printf '\033[32m2024-01-02T03:04:05.678000+00:00\033[0m \033[36mapp\033[0m hello\n' >"$work/odd/coloured"
equal "the stream of a coloured aws logs tail" "$(ask coloured 'fields @logStream, message')" "app|hello"
printf '{"proxy_name":"p","final_action":"DENY","client_src_ip":"192.0.2.4","dest_domain":"a.b","http_method":"GET","dest_ip":"192.0.2.5","dest_port":443,"http_status_code":403,"event_timestamp":1602627001}' \
    >"$work/odd/proxy"
equal "a proxy's fields are the common ones" "$(ask proxy 'fields @logtype, client_ip, server_ip, event.dest_port, method, status, action')" \
    "netfw|192.0.2.4|192.0.2.5|443|GET|403|DENY"
printf '2024-01-02T03:04:05.678000+00:00 s \n{\n  "level": "WARN"\n}\n2024-01-02T03:04:06.678000+00:00 s text\n2024-01-02T03:04:07.678000+00:00 s text\n' \
    >"$work/odd/pretty"
equal "objects of an application are no records of a balancer" "$(type_of pretty)" "cwlogs 3 0 0"
equal "and have members, among texts, too" "$(ask pretty 'filter ispresent(level) | fields @logStream, @logtype, level')" "s|json|WARN"
printf '{"requestId":"0a1b2c3d","httpMethod":"GET","status":"200","userAgent":"an "odd" one","resourcePath":"/x"}\n' >"$work/odd/quotes"
equal "a record that is no proper JSON shows what was read of it" \
    "$("$awl" query '' -o json "$work/odd/quotes" | jq -r '.userAgent // .["identity.userAgent"], .resourcePath')" "$(printf 'an "odd" one\n/x')"
id=0a1b2c3d-0000-1111-2222-333344445555
printf "($id) Method request body before transformations: {\n \"a\": 1\n}\n($id) Method completed with status: 200\n" >"$work/odd/bodies"
equal "a body of several lines goes with its record" "$(type_of bodies)" "apigw 2 0 0"
equal "whose line is the first" "$("$awl" query 'fields @line, requestId' -o csv "$work/odd/bodies" | tail -2 | tr '\n' ' ')" "1,$id 4,$id "
bom=$(printf '\357\273\277')
printf '%s%s\n%s\n' "$bom" "$vpc_names" "$vpc" >"$work/odd/marked"
equal "a byte order mark before a header" "$(type_of marked)" "vpcflow 1 0 1"
printf '%s%s\n%s\n' "$bom" "$vpc" "$vpc" >"$work/odd/marked"
equal "and before a record" "$(type_of marked)" "vpcflow 2 0 0"
equal "which is no part of it" "$("$awl" query '' -o raw "$work/odd/marked")" "$(printf '%s\n%s' "$vpc" "$vpc")"
sed 's/^/web.log:/' "$work/odd/alb" >"$work/odd/found"
equal "lines as grep shows them" "$(type_of found)" "alb 6 0 0"
echo '{"a":{"b":{"c":1.5e-7}},"time":"2024-01-02T03:04:05Z"}' >"$work/odd/json"
equal "a number with an exponent stays one" "$("$awl" query '' -o json "$work/odd/json" | jq -c .a)" '{"b":{"c":1.5e-07}}'
printf '{"a":1,"b":{"c":1,"d":{"e":"x"}},"list":[{"k":7}]}\n{"a":2,"b":{"c":2}}\n{"a":3}\n' >"$work/odd/nested"
for time in first second; do # from the file, and from the index
    equal "an object is had by its own name, the $time time" "$(ask nested 'fields b, b.d.e')" \
        "$(printf '{"c":1,"d":{"e":"x"}}|x\n{"c":2}|\n|')"
    equal "and filters by it" "$(ask nested 'filter b.d like /x/ or b like /2/ | fields a')" "$(printf '1\n2')"
    equal "elements of arrays" "$(ask nested 'filter list.0.k = 7 | fields a')" 1
    equal "the objects alone" "$(ask nested 'filter ispresent(b) | fields a')" "$(printf '1\n2')"
done
mkdir "$work/asked"
cp "$work/odd/nested" "$work/asked/nested"
printf 'idle\npress f\ntype b like /2/\npress Enter\nidle\npress Q\n' >"$work/keys"
"$awl" -F --script "$work/keys" --size 120x24 "$work/asked" >/dev/null 2>&1 # its index is written after that
equal "an object that was asked for before the index was written" \
    "$("$awl" query 'fields b, b.d.e' -o csv "$work/asked" | tail -3 | head -1)" '"{""c"":1,""d"":{""e"":""x""}}",x'
equal "records show its members once" "$("$awl" query 'limit 1' -o json "$work/odd/nested" | jq -c .b)" '{"c":1,"d":{"e":"x"}}'
equal "an empty trail file" "$(type_of CloudTrail)" "cloudtrail 0 0 0"
trail='{"Records":[{"eventVersion":"1.08","eventTime":"2024-01-02T03:04:05Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-west-1","eventID":"1"}]}'
mkdir "$work/trail"
echo "$trail" | gzip -c >"$work/trail/one.json.gz"
cat "$work/trail/one.json.gz" "$work/trail/one.json.gz" >"$work/trail/two.json.gz"
{ cat "$work/trail/one.json.gz"; echo rubbish; } >"$work/trail/more.json.gz"
{ cat "$work/trail/one.json.gz"; printf '\0\0\0'; } >"$work/trail/padded.json.gz"
for time in first second; do
    equal "what stands behind the first member of a trail file is shown, the $time time" "$(count '' "$work/trail")" 6
    equal "text among it as a line" "$("$awl" query '@unparsed' -o raw "$work/trail" 2>/dev/null)" rubbish
    equal "and told" "$("$awl" query '' "$work/trail" 2>&1 >/dev/null | grep 'goes on behind its first gzip member' |
        sed 's,.*/\(.*\)\.json.*,\1,' | sort | tr '\n' ' ')" "more two "
done
printf 'idle\nsnap it\n' >"$work/keys"
status=$("$awl" --script "$work/keys" --size 120x24 "$work/trail" 2>/dev/null | grep 'F1 help')
contains "as warnings, for all of it was read" "$status" "2 warnings (8)"
equal "not as files unread" "$(echo "$status" | grep -c unread)" 0
echo '{"role":"arn:aws:iam::111122223333:role/deploy/ci"}' >"$work/odd/arn"
printf 'idle\npress Tab\npress \\\npress Enter\nsnap it\n' >"$work/keys"
equal "the record pane unfolds ARNs" "$("$awl" --script "$work/keys" --size 120x24 "$work/odd/arn" 2>/dev/null |
    sed 's/[^ -~]//g' | awk '$1 ~ /^(partition|service|region|account|type|id)$/ { print $1 "=" $2 }' | sort -u | tr '\n' ' ')" \
    "account=111122223333 id=deploy/ci partition=aws service=iam type=role "
# --- headers of vended delivery ---
{
    printf '#Version: 1.0\n#Fields: elb_status_code time client_port request_line mine\n'
    awk 'BEGIN { for (i = 0; i < 20000; i++) printf "%d\t2024-03-05T07:%02d:%02dZ\t203.0.113.7:%d\tGET http://a:80/%d HTTP/1.1\tm\n",
        i % 100 ? 200 : 503, i / 1000, i % 60, i % 60000, i }'
    printf '#Fields: time elb_status_code client_port request_line\n2024-03-05T08:00:00Z\t418\t-\t-\n'
} >"$work/logs/named.log"
equal "a header counts to the end of a file of many chunks, or to the next" \
    "$("$awl" query 'stats count(*) by elb_status_code | sort elb_status_code' -o csv "$work/logs/named.log" | tr '\n' ' ')" \
    "elb_status_code,count(*) 200,19800 418,1 503,200 "
equal "and headers are counted as such" "$("$awl" sources -o csv "$work/logs/named.log" | tail -1 | cut -d, -f2,4,5,6)" \
    "alb,20001,0,3"
{
    printf '#Version: 2\nversion interface-id dstaddr bytes start end action log-status\n'
    awk 'BEGIN { for (i = 0; i < 20000; i++)
        printf "2 eni-0a0b0c0d0e0f0a0b0 10.0.0.%d %d %d 1700000060 ACCEPT OK\n", i % 250, i, 1700000000 + i % 60 }'
} >"$work/odd/chosen"
equal "and those of flow logs, whatever columns were chosen" "$(type_of chosen)" "vpcflow 20000 0 2"
sed 's/^/flows.log:/' "$work/odd/chosen" >"$work/odd/prefixed"
equal "behind a prefix, too" "$(type_of prefixed)" "vpcflow 20000 0 2"
finish
