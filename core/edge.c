/* edge.c - the two tables behind edge_lookup(), both sorted by the three letters.
 *
 * The first holds the codes CloudFront is known to use, with the names people expect (an airport
 * table would call Tokyo Narita and miss Toronto, which has the code of a city), and the codes of
 * other cities with several airports. The second, OurAirports', finds the rest. */
#include "edge.h"

struct edge_row {
    char code[4];
    const char *city;
    char country[3];
};

static const struct edge_row known[] = {
    {"AKL", "Auckland", "NZ"},
    {"AMS", "Amsterdam", "NL"},
    {"ARN", "Stockholm", "SE"},
    {"ATH", "Athens", "GR"},
    {"ATL", "Atlanta", "US"},
    {"BAH", "Manama", "BH"},
    {"BCN", "Barcelona", "ES"},
    {"BJS", "Beijing", "CN"},
    {"BKK", "Bangkok", "TH"},
    {"BLR", "Bengaluru", "IN"},
    {"BNA", "Nashville", "US"},
    {"BNE", "Brisbane", "AU"},
    {"BOG", "Bogota", "CO"},
    {"BOM", "Mumbai", "IN"},
    {"BOS", "Boston", "US"},
    {"BRU", "Brussels", "BE"},
    {"BUD", "Budapest", "HU"},
    {"CAI", "Cairo", "EG"},
    {"CCU", "Kolkata", "IN"},
    {"CDG", "Paris", "FR"},
    {"CGK", "Jakarta", "ID"},
    {"CHI", "Chicago", "US"},
    {"CMH", "Columbus", "US"},
    {"CPH", "Copenhagen", "DK"},
    {"CPT", "Cape Town", "ZA"},
    {"DEL", "New Delhi", "IN"},
    {"DEN", "Denver", "US"},
    {"DFW", "Dallas", "US"},
    {"DOH", "Doha", "QA"},
    {"DTW", "Detroit", "US"},
    {"DUB", "Dublin", "IE"},
    {"DUS", "Dusseldorf", "DE"},
    {"DXB", "Dubai", "AE"},
    {"EWR", "Newark", "US"},
    {"EZE", "Buenos Aires", "AR"},
    {"FCO", "Rome", "IT"},
    {"FJR", "Fujairah", "AE"},
    {"FOR", "Fortaleza", "BR"},
    {"FRA", "Frankfurt", "DE"},
    {"GIG", "Rio de Janeiro", "BR"},
    {"GRU", "Sao Paulo", "BR"},
    {"HAM", "Hamburg", "DE"},
    {"HAN", "Hanoi", "VN"},
    {"HEL", "Helsinki", "FI"},
    {"HIO", "Hillsboro (Portland)", "US"},
    {"HKG", "Hong Kong", "HK"},
    {"HYD", "Hyderabad", "IN"},
    {"IAD", "Washington (Ashburn)", "US"},
    {"IAH", "Houston", "US"},
    {"ICN", "Seoul", "KR"},
    {"IST", "Istanbul", "TR"},
    {"JED", "Jeddah", "SA"},
    {"JFK", "New York", "US"},
    {"JNB", "Johannesburg", "ZA"},
    {"KIX", "Osaka", "JP"},
    {"KUL", "Kuala Lumpur", "MY"},
    {"LAX", "Los Angeles", "US"},
    {"LHR", "London", "GB"},
    {"LIM", "Lima", "PE"},
    {"LIS", "Lisbon", "PT"},
    {"LON", "London", "GB"},
    {"LOS", "Lagos", "NG"},
    {"MAA", "Chennai", "IN"},
    {"MAD", "Madrid", "ES"},
    {"MAN", "Manchester", "GB"},
    {"MCI", "Kansas City", "US"},
    {"MCT", "Muscat", "OM"},
    {"MEL", "Melbourne", "AU"},
    {"MIA", "Miami", "US"},
    {"MNL", "Manila", "PH"},
    {"MRS", "Marseille", "FR"},
    {"MSP", "Minneapolis", "US"},
    {"MUC", "Munich", "DE"},
    {"MXP", "Milan", "IT"},
    {"NBO", "Nairobi", "KE"},
    {"NRT", "Tokyo", "JP"},
    {"NYC", "New York", "US"},
    {"ORD", "Chicago", "US"},
    {"OSA", "Osaka", "JP"},
    {"OSL", "Oslo", "NO"},
    {"OTP", "Bucharest", "RO"},
    {"PAR", "Paris", "FR"},
    {"PEK", "Beijing", "CN"},
    {"PER", "Perth", "AU"},
    {"PHL", "Philadelphia", "US"},
    {"PHX", "Phoenix", "US"},
    {"PIT", "Pittsburgh", "US"},
    {"PMO", "Palermo", "IT"},
    {"PNQ", "Pune", "IN"},
    {"PRG", "Prague", "CZ"},
    {"PVG", "Shanghai", "CN"},
    {"QRO", "Queretaro", "MX"},
    {"ROM", "Rome", "IT"},
    {"SCL", "Santiago", "CL"},
    {"SEA", "Seattle", "US"},
    {"SFO", "San Francisco", "US"},
    {"SGN", "Ho Chi Minh City", "VN"},
    {"SIN", "Singapore", "SG"},
    {"SLC", "Salt Lake City", "US"},
    {"SOF", "Sofia", "BG"},
    {"SYD", "Sydney", "AU"},
    {"SZX", "Shenzhen", "CN"},
    {"TLV", "Tel Aviv", "IL"},
    {"TPA", "Tampa", "US"},
    {"TPE", "Taipei", "TW"},
    {"TXL", "Berlin", "DE"},
    {"TYO", "Tokyo", "JP"},
    {"VIE", "Vienna", "AT"},
    {"WAS", "Washington", "US"},
    {"WAW", "Warsaw", "PL"},
    {"YTO", "Toronto", "CA"},
    {"YUL", "Montreal", "CA"},
    {"YVR", "Vancouver", "CA"},
    {"YYC", "Calgary", "CA"},
    {"ZAG", "Zagreb", "HR"},
    {"ZHY", "Zhongwei", "CN"},
    {"ZRH", "Zurich", "CH"},
};

static const struct edge_row airports[] = {
#include "edge_airports.h"
};

static int row_cmp(const void *key, const void *row)
{
    return memcmp(key, ((const struct edge_row *)row)->code, 3);
}

static unsigned digits(const char *s, size_t n)
{
    unsigned k = 0;

    while (k < n && s[k] >= '0' && s[k] <= '9')
        k++;
    return k;
}

static bool is_cap(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* AAA, one to three digits, and maybe a hyphen, a letter and one to three digits more. */
bool edge_has_shape(struct slice s)
{
    unsigned n;

    if (!s.ptr || s.len < 4 || !is_cap(s.ptr[0]) || !is_cap(s.ptr[1]) || !is_cap(s.ptr[2]))
        return false;
    n = digits(s.ptr + 3, s.len - 3);
    if (n < 1 || n > 3)
        return false;
    if (s.len == 3 + n)
        return true;
    s = slice_of(s.ptr + 3 + n, s.len - 3 - n);
    if (s.len < 3 || s.ptr[0] != '-' || !is_cap(s.ptr[1]))
        return false;
    n = digits(s.ptr + 2, s.len - 2);
    return n >= 1 && n <= 3 && n == s.len - 2;
}

bool edge_lookup(struct slice code, struct edge_place *out, bool *near)
{
    const struct edge_row *r;
    bool by_airport = false;

    if (!edge_has_shape(code))
        return false;
    r = bsearch(code.ptr, known, ARRAY_LEN(known), sizeof(known[0]), row_cmp);
    if (!r) {
        by_airport = true;
        r = bsearch(code.ptr, airports, ARRAY_LEN(airports), sizeof(airports[0]), row_cmp);
    }
    if (!r)
        return false;
    out->city = r->city;
    out->country = r->country;
    if (near)
        *near = by_airport;
    return true;
}
