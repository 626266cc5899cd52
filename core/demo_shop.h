/* demo_shop.h - the cast of the made-up day: routes, agents, edges, targets. Tables only.
 *
 * In a path template `#` is a product or order number, `$` eight hex digits, `~` a search word and
 * `^` a small number. */
#ifndef AWL_DEMO_SHOP_H
#define AWL_DEMO_SHOP_H

#include "str.h"

enum demo_group { GROUP_WEB, GROUP_API, GROUP_ADMIN };

struct demo_route {
    const char *method, *path;
    enum demo_group group;
    bool cart;       /* hit hardest by the bad deployment */
    unsigned weight; /* out of the sum of all */
    unsigned ms;     /* usual time of the target */
    unsigned bytes;  /* usual size of the answer */
};

static const struct demo_route alb_routes[] = {
    {"GET", "/", GROUP_WEB, false, 90, 38, 18400},
    {"GET", "/products?page=^&sort=price&category=shoes", GROUP_WEB, false, 110, 64, 24100},
    {"GET", "/product/#?ref=home&variant=^", GROUP_WEB, false, 170, 47, 15700},
    {"GET", "/search?q=~&page=^&sid=$", GROUP_WEB, false, 80, 121, 19800},
    {"GET", "/api/cart?session=$&currency=EUR", GROUP_API, true, 120, 29, 1450},
    {"POST", "/api/cart/items", GROUP_API, true, 45, 52, 620},
    {"DELETE", "/api/cart/items/#", GROUP_API, true, 9, 33, 310},
    {"POST", "/api/checkout", GROUP_API, false, 22, 240, 980},
    {"GET", "/api/orders/#?fields=status,items,total", GROUP_API, false, 48, 58, 2240},
    {"GET", "/api/stock/#?warehouse=DUB-^&session=$", GROUP_API, false, 130, 17, 410},
    {"GET", "/api/recommendations?product=#&limit=^", GROUP_API, false, 60, 88, 5200},
    {"POST", "/api/events?sid=$", GROUP_API, false, 90, 9, 190},
    {"POST", "/login", GROUP_WEB, false, 14, 96, 1100},
    {"GET", "/account/orders?page=^", GROUP_WEB, false, 18, 72, 9800},
    {"GET", "/static/app-$.js", GROUP_WEB, false, 40, 3, 88200},
    {"GET", "/robots.txt", GROUP_WEB, false, 4, 2, 240},
};

#define ROUTE_CART 4 /* GET /api/cart, then POST /api/cart/items */

struct demo_asset {
    const char *path; /* '?' parts the query */
    const char *type;
    bool cached;
    bool cart;
    unsigned weight, bytes;
};

static const struct demo_asset cf_assets[] = {
    {"/img/products/#-^.webp?w=640&v=3", "image/webp", true, false, 300, 41200},
    {"/img/products/#-thumb.webp", "image/webp", true, false, 240, 6100},
    {"/static/app-9f31c2d7.js", "application/javascript", true, false, 90, 88200},
    {"/static/shop-44c0a1be.css", "text/css", true, false, 80, 21400},
    {"/fonts/inter-v^.woff2", "font/woff2", true, false, 50, 23100},
    {"/", "text/html;%20charset=utf-8", true, false, 60, 18400},
    {"/product/#?ref=home", "text/html;%20charset=utf-8", true, false, 90, 15700},
    {"/search?q=~&page=^", "text/html;%20charset=utf-8", false, false, 30, 19800},
    {"/api/cart?session=$&currency=EUR", "application/json", false, true, 50, 1450},
    {"/api/stock/#?warehouse=DUB-^", "application/json", false, false, 50, 410},
    {"/api/recommendations?product=#", "application/json", false, false, 25, 5200},
    {"/favicon.ico", "image/x-icon", true, false, 15, 1150},
};

static const char *const agents[] = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/145.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.3 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/145.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/144.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.3 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:147.0) Gecko/20100101 Firefox/147.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:147.0) Gecko/20100101 Firefox/147.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/145.0.0.0 Safari/537.36 Edg/145.0.0.0",
    "ShopApp/7.4.1 (com.example.shop; build:2210; iOS 18.3.1) Alamofire/5.9.1",
    "okhttp/4.12.0",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "python-requests/2.32.3",
};
#define N_AGENTS ((unsigned)ARRAY_LEN(agents))
#define AGENT_BOTS 2 /* the last ones of the table */
#define AGENT_APP 8  /* this one and the next: the shop's own apps */

struct demo_edge {
    const char *code;
    unsigned weight;
    bool hurt; /* sees the origin's errors first */
    bool cold; /* its cache was emptied at the deployment */
};

static const struct demo_edge edges[] = {
    {"LHR50-P2", 110, true, true},  {"LHR62-C1", 85, true, false},  {"DUB56-P1", 95, true, false},
    {"LHR61-P4", 60, false, false}, {"MAN51-C1", 45, false, false}, {"AMS1-P2", 50, false, false},
    {"FRA56-P4", 70, false, false}, {"FRA60-P1", 55, false, false}, {"CDG50-C1", 60, false, false},
    {"MAD56-P5", 40, false, false}, {"MXP64-C3", 30, false, false}, {"WAW51-P4", 25, false, false},
    {"ARN54-C1", 22, false, false}, {"IAD89-C1", 70, false, false}, {"JFK52-P2", 40, false, false},
    {"ORD51-C2", 26, false, false}, {"DFW57-P1", 20, false, false}, {"SFO53-C1", 24, false, false},
    {"LAX3-C4", 22, false, false},  {"YTO50-C2", 14, false, false}, {"NRT57-C4", 12, false, false},
    {"SIN52-P1", 10, false, false}, {"SYD62-P2", 10, false, false}, {"BOM78-P11", 9, false, false},
    {"GRU3-P7", 8, false, false},
};

static const char *const web_targets[] = {"10.0.2.11:8080", "10.0.2.12:8080", "10.0.2.13:8080",
                                          "10.0.2.14:8080"};
static const char *const api_targets[] = {"10.0.3.4:8080", "10.0.3.5:8080", "10.0.3.6:8080",
                                          "10.0.3.7:8080"};
#define API_SLOW 0  /* 10.0.3.4: the new version */
#define API_BUGGY 1 /* 10.0.3.5: a few 500 all day */

static const char *const words[] = {"running+shoes", "rain+jacket", "socks",        "backpack",
                                    "trail%20shoes", "hat",         "water+bottle", "tent+2p",
                                    "gloves",        "headlamp",    "sale",         "gift+card"};
static const char *const ciphers[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                      "ECDHE-RSA-AES128-GCM-SHA256"};

#define SHOP_ACCOUNT "123456789012"
#define SHOP_REGION "eu-west-1"
#define SHOP_HOST "shop.example.com"
#define SHOP_CERT                                                                                  \
    "arn:aws:acm:" SHOP_REGION ":" SHOP_ACCOUNT ":certificate/"                                    \
    "7c2f0d5e-41b8-4a6f-9c1e-b05d8ef3a912"
#define SHOP_TG "arn:aws:elasticloadbalancing:" SHOP_REGION ":" SHOP_ACCOUNT ":targetgroup/"
#define SHOP_OWNER "4f1c7a90be35d2681e0b9c54a7d8f3e26b1095cd8e7fa3426d0c1b5e9f78a234"
#define SCAN_IP "203.0.113.77"
#define BAD_TARGET_IP "10.0.3.4"
#define DELETED_BUCKET "shop-order-exports"
#define DELETED_KEY "exports/2026/03/orders-2026-03-13.parquet"
#define DELETED_FROM "198.51.100.23"
#define DELETED_REQUEST "3ZQ8RW5T1VXN6E2K" /* of the S3 log and of CloudTrail */
#define DELETED_BY "arn:aws:sts::" SHOP_ACCOUNT ":assumed-role/deploy-ci/rollback-7781"

#endif
