#!/bin/sh
# Counts and values equal those of grep and awk on the same files.
. "$(dirname "$0")/lib.sh"

"$awl" demo --write "$work/one" --single --lines 30000 >/dev/null || exit 99
cd "$work/one" || exit 99
for type in alb cloudfront vpcflow s3access nlb clb; do
    equal "$type: every line is a record" "$(count "@logtype=$type" $type.log)" \
        "$(grep -vc -e '^#' -e '^version ' $type.log)"
    equal "$type: all parse" "$(count 'ispresent(@unparsed)' $type.log)" 0
done

# tops QUERY FILE: value<TAB>count, sorted
tops() { "$awl" query "$1" -o tsv "$2" 2>/dev/null | tail -n +2 | LC_ALL=C sort; }
tally() { LC_ALL=C sort | uniq -c | awk '{ printf "%s\t%s\n", $2, $1 }' | LC_ALL=C sort; }

equal "alb: statuses" "$(tops 'stats count(*) by elb_status_code' alb.log)" \
    "$(awk '{ print $9 }' alb.log | tally)"
equal "alb: every 5xx, with a target or without" "$(count 'elb_status_code=5xx' alb.log)" \
    "$(awk '$9 ~ /^5/' alb.log | wc -l | tr -d ' ')"
equal "alb: 504 without a target" "$(count 'elb_status_code=504 and target_status_code = -' alb.log)" \
    "$(awk '$9 == 504 && $10 == "-"' alb.log | wc -l | tr -d ' ')"
equal "alb: slow answers" "$(count 'target_processing_time > 250ms' alb.log)" \
    "$(awk '$7 > 0.25' alb.log | wc -l | tr -d ' ')"
equal "alb: sent bytes" "$("$awl" query 'stats sum(sent_bytes) as n' -o tsv alb.log | tail -n 1)" \
    "$(awk '{ n += $12 } END { printf "%d\n", n }' alb.log)"
equal "alb: raw text" "$(count '"/api/cart"' alb.log)" "$(grep -Fc /api/cart alb.log)"
equal "alb: raw regex" "$(count '/ 50[0-9] (50[0-9]|-) /' alb.log)" \
    "$(grep -Ec ' 50[0-9] (50[0-9]|-) ' alb.log)"
equal "alb: per minute" \
    "$("$awl" query 'stats count(*) by bin(1m)' -o tsv alb.log | tail -n +2 | awk -F'\t' '{ print substr($1, 1, 16), $2 }' | LC_ALL=C sort)" \
    "$(awk '{ print substr($2, 1, 16) }' alb.log | tally | tr '\t' ' ')"
equal "cloudfront: result types" "$(tops 'stats count(*) by x-edge-result-type' cloudfront.log)" \
    "$(grep -v '^#' cloudfront.log | awk -F'\t' '{ print $14 }' | tally)"
equal "cloudfront: edges" "$(tops 'stats count(*) by x-edge-location' cloudfront.log)" \
    "$(grep -v '^#' cloudfront.log | awk -F'\t' '{ print $3 }' | tally)"
equal "vpcflow: actions" "$(tops 'ispresent(action) | stats count(*) by action' vpcflow.log)" \
    "$(awk '$0 ~ / ACCEPT | REJECT /' vpcflow.log | grep -o 'ACCEPT\|REJECT' | tally)"
equal "s3: operations" "$(tops 'stats count(*) by operation' s3access.log)" \
    "$(awk '{ print $8 }' s3access.log | tally)"
equal "s3: who deleted" "$(count 'operation=REST.DELETE.OBJECT' s3access.log)" \
    "$(grep -c ' REST.DELETE.OBJECT ' s3access.log)"
equal "nlb: clients in a network" "$(count 'client_ip in 198.51.100.0/24' nlb.log)" \
    "$(awk '$6 ~ /^198\.51\.100\./' nlb.log | wc -l | tr -d ' ')"
equal "clb: backends" "$(tops 'ispresent(backend_ip) | stats count(*) by backend_ip' clb.log)" \
    "$(awk '$4 != "-" { sub(/:[0-9]+$/, "", $4); print $4 }' clb.log | tally)"
equal "all types in one" "$(count '' .)" \
    "$(cat ./*.log | grep -vc -e '^#' -e '^version ')"
equal "one filter over all types" "$(count 'status=5xx' .)" \
    "$(( $(count 'status=5xx' alb.log) + $(count 'status=5xx' clb.log) + $(count 'status=5xx' cloudfront.log) + $(count 'status=5xx' s3access.log) ))"
finish
