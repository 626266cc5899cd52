#!/bin/sh
# mixed.sh - the logs of all services in one tree, as their delivery leaves them there: each file has
# its type, by content where names do not tell, and one filter works across them.
. "${srcdir:-.}/tests/e2e/lib.sh"

account=111122223333
elb=$work/s3/AWSLogs/$account/elasticloadbalancing/eu-west-1/2025/12/02
flow=$work/s3/AWSLogs/$account/vpcflowlogs/eu-west-1/2025/12/02
edge=$work/s3/AWSLogs/$account/globalaccelerator/us-west-2/2025/12/02
mkdir -p "$elb" "$flow" "$edge" "$work/s3/cdn" "$work/flat"

# put NAME FILE: standard input as FILE, and once more in one folder, where only NAME tells
put() { tee "$work/flat/$1" >"$2"; }

put a "$elb/${account}_elasticloadbalancing_eu-west-1_app.shop.0a1b2c3d4e5f6071_20251202T0305Z_192.0.2.1_0a1b2c3d.log" <<'END'
https 2025-12-02T03:04:05.123456Z app/shop/0a1b2c3d4e5f6071 203.0.113.9:50514 10.1.2.3:8080 0.001 0.250 0.000 200 200 512 2048 "GET https://shop.example.org:443/cart?item=7 HTTP/1.1" "curl/8" TLS_AES_128_GCM_SHA256 TLSv1.3 arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shop/0011223344556677 "Root=1-65e6c3a9-0123456789abcdef01234567" "shop.example.org" "session-reused" 3 2025-12-02T03:04:04.872000Z "forward" "-" "-" "10.1.2.3:8080" "200" "-" "-" TID_0a1b2c
END
put b "$elb/conn_log_${account}_elasticloadbalancing_eu-west-1_app.shop.0a1b2c3d4e5f6071_20251202T0305Z_192.0.2.1_0a1b2c3d.log" <<'END'
2025-12-02T03:04:05.023456Z 203.0.113.9 50514 443 TLSv1.3 TLS_AES_128_GCM_SHA256 0.004 "-" - - - TID_0a1b2c
2025-12-02T03:04:06.023456Z 203.0.113.77 50515 443 TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256 - "CN=anna" - - Failed:ClientCertExpired TID_0a1b2d
END
put c "$elb/health_check_log_${account}_elasticloadbalancing_eu-west-1_app.shop.0a1b2c3d4e5f6071_20251202T0305Z_192.0.2.1_0a1b2c3d.log" <<'END'
http 2025-12-02T03:04:00.678901Z 0.012345678 10.1.2.3:8080 shop PASS 200 -
https 2025-12-02T03:04:01.678901Z 5.000123456 10.1.2.4:8080 shop FAIL - TimedOut
END
put d "$elb/${account}_elasticloadbalancing_eu-west-1_net.edge.0123456789abcdef_20251202T0305Z_0a1b2c3d.log" <<'END'
tls 2.0 2025-12-02T03:04:06 net/edge/0123456789abcdef 0a0b0c0d0e0f0102 203.0.113.9:61000 10.7.7.7:443 1503 12 980 24601 - arn:aws:acm:eu-west-1:111122223333:certificate/00000000-1111-2222-3333-444444444444 - TLS_AES_128_GCM_SHA256 tlsv13 x25519 api.example.org h2 h2 "h2","http/1.1" 2025-12-02T03:04:04
END
put e "$elb/${account}_elasticloadbalancing_eu-west-1_front_20251202T0305Z_192.0.2.2_0a1b2c3d.log" <<'END'
2025-12-02T03:04:08.123456Z front 203.0.113.9:40000 10.0.3.4:80 0.000045 0.012345 0.000031 200 200 0 4321 "GET http://www.example.org:80/a?c=d HTTP/1.1" "curl/7" - -
END
put f "$flow/${account}_vpcflowlogs_eu-west-1_fl-01_20251202T0305Z_0a1b2c3d.log" <<'END'
version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status
2 111122223333 eni-0a0b0c0d0e0f0a0b0 203.0.113.9 10.0.0.7 50000 443 6 12 3456 1764644645 1764644655 REJECT OK
END
put g "$flow/${account}_vpcflowlogs_eu-west-1_fl-02_20251202T0305Z_0a1b2c3d.log" <<'END'
version resource-type account-id tgw-id tgw-attachment-id srcaddr dstaddr srcport dstport protocol packets bytes packets-lost-no-route start end log-status
6 TransitGateway 111122223333 tgw-01 tgw-attach-01 203.0.113.9 10.1.0.2 50000 443 6 10 1200 4 1764644645 1764644655 OK
END
put h "$edge/${account}_globalaccelerator_0a1b2c3d-0000-1111-2222-333344445555_20251202T0305Z_0a1b2c3d.log" <<'END'
2.0 111122223333 0a1b2c3d-0000-1111-2222-333344445555 203.0.113.9 50000 198.51.100.7 443 10.0.0.4 443 TCP IPV4 12 3400 1764644645 1764644655 ACCEPT OK - 0 eu-west-1 LHR50-P2 INGRESS vpc-01 
END
put i "$work/s3/cdn/E0EXAMPLE12345.2025-12-02-03.0a1b2c3d" <<'END'
#Version: 1.0
#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status x-edge-result-type
2025-12-02	03:04:05	LHR50-P2	1234	203.0.113.9	GET	d0example.cloudfront.net	/a	200	Hit
END
put j "$work/s3/cdn/real-time-1-2025-12-02-03-04-05-0a1b2c3d" <<'END'
1764644645.123	203.0.113.9	0.004	502	4096	GET	https	shop.example.com	/cart?a=1	512	LHR50-P2	AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOp==	d1.cloudfront.net	0.005	HTTP/2.0	IPv4	curl/8
END
put k "$work/s3/cdn/dns" <<'END'
1.0 2025-12-02T03:04:05.678Z Z0123456789 www.example.com A NXDOMAIN UDP LHR50-C1 203.0.113.9 -
END
put l "$elb/ELBAccessLogTestFile" <<'END'
Enable AccessLog for ELB: app/shop/0a1b2c3d4e5f6071 at 2025-12-02T03:00:00.000Z
END

all="alb alb_conn alb_health clb cloudfront cloudfront_rt globalaccelerator nlb route53public text tgwflow vpcflow"
types() { "$awl" sources -o tsv "$1" 2>/dev/null | tail -n +2 | cut -f2 | LC_ALL=C sort | tr '\n' ' '; }
equal "each file has its type" "$(types "$work/s3")" "$all "
equal "by content alone, too" "$(types "$work/flat")" "$all "
equal "nothing but the test object is unparsed" "$(count 'ispresent(@unparsed)' "$work/s3")" 1
equal "one client in all of them" \
    "$("$awl" query 'client_ip=203.0.113.9 | stats count(*) as n by @logtype' -o csv "$work/s3" | tail -n +2 | LC_ALL=C sort | tr '\n' ' ')" \
    "alb,1 alb_conn,1 clb,1 cloudfront,1 cloudfront_rt,1 globalaccelerator,1 nlb,1 route53public,1 tgwflow,1 vpcflow,1 "
equal "errors of all of them" \
    "$("$awl" query 'ispresent(error) and error not like /^(-|Success|NOERROR)$/ | fields error' -o csv "$work/s3" | tail -n +2 | LC_ALL=C sort | tr '\n' ' ')" \
    "Failed:ClientCertExpired NXDOMAIN TimedOut "
equal "status of answers and of checks" "$(count 'status=502' "$work/s3") $(count 'status_code=200' "$work/s3")" "1 1"
equal "the connection behind a request" \
    "$("$awl" query 'conn_trace_id="TID_0a1b2c" | fields @logtype, tls_handshake_latency' -o csv "$work/s3" | tail -n +2 | LC_ALL=C sort | tr '\n' ' ')" \
    "alb, alb_conn,0.004 "
equal "a check is an object with its target" \
    "$("$awl" query 'status="FAIL"' -o json "$work/s3" | grep -o '"target_addr":"[^"]*","target_group_id":"shop","status":"FAIL"')" \
    '"target_addr":"10.1.2.4:8080","target_group_id":"shop","status":"FAIL"'

# One stream of Firehose for several log groups, none parted from the next: each group has its type,
# whichever comes first. A function's lines could be anything, so it is the group that tells.
group() { # GROUP MESSAGE...
    printf '{"messageType":"DATA_MESSAGE","owner":"%s","logGroup":"%s","logStream":"s","subscriptionFilters":["f"],"logEvents":[' $account "$1"
    shift
    printf '{"id":"1","timestamp":1764644645000,"message":"%s"}' "$1"
    shift
    [ $# -eq 0 ] || printf ',{"id":"2","timestamp":1764644645000,"message":"%s"}' "$@"
    printf ']}'
}
id=01234567-89ab-cdef-0123-456789abcdef
lambda() { group /aws/lambda/cart "START RequestId: $id Version: 1\n" "looking for the cart\n" "END RequestId: $id\n"; }
flow() { group flows "2 $account eni-0a 203.0.113.9 10.0.0.7 50000 443 6 12 3456 1764644645 1764644655 REJECT OK"; }
api() { group API-Gateway-Execution-Logs_a1/prod "($id) Method completed with status: 502"; }
for order in "lambda flow api" "flow lambda api" "api lambda flow" "lambda api flow"; do
    for part in $order; do $part; done >"$work/firehose"
    equal "groups by turns: $order" \
        "$("$awl" query 'stats count(*) as n by @logtype' -o csv "$work/firehose" | tail -n +2 | LC_ALL=C sort | tr '\n' ' ')" \
        "apigw,1 lambda,3 vpcflow,1 "
done

# What continues a message looks like a line of its own.
printf '2025-12-02T03:04:05.000Z START RequestId: %s Version: 1\n2025-12-02T03:04:06.000Z REPORT RequestId: %s\tDuration: 1.00 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 64 MB\t\nXRAY TraceId: 1-0-0\tSegmentId: 1\tSampled: true\n' \
    $id $id >"$work/export"
equal "an export of Lambda's lines with traces" \
    "$("$awl" query 'fields @type, xray_trace_id, @line' -o csv "$work/export" | tail -n +2 | tr '\n' ' ')" \
    "START,,1 REPORT,1-0-0,2 "
finish
