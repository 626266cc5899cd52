/* json.h - JSON text as slices: one pass, no tree, nothing copied but strings with escapes in them.
 *
 * Lenient where a log is: what does not follow the grammar is passed over as long as quotes and
 * brackets are balanced. Nesting deeper than JSON_DEPTH stays raw text. All functions are O(length)
 * and never read outside the slice. */
#ifndef AWL_JSON_H
#define AWL_JSON_H

#include "format.h"

#define JSON_DEPTH 8

enum json_kind { JSON_NONE, JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_NUMBER, JSON_WORD };

/* By its first byte; the raw text of a value has no blanks around it. */
enum json_kind json_kind(struct slice raw);

/* --- walking: raw is the text of an object or array; *rest starts as that and is advanced --- */

struct json_member {
    struct slice key;   /* between the quotes, escapes still in it */
    struct slice value; /* raw text: quotes and brackets included */
};
/* false at the end, and where the text breaks off or is no JSON: *rest is then what is left (ptr
 * NULL at a proper end). */
bool json_next_member(struct slice *rest, struct json_member *m);
bool json_next_element(struct slice *rest, struct slice *value);
/* The two halves of json_next_member(), for objects that may be cut short: *rest is at the value
 * then, and behind it. False if they are not whole. */
bool json_next_key(struct slice *rest, struct slice *key);
bool json_skip_value(struct slice *rest);
/* The raw value at a path ("event.tls.sni", "answers[0].Rdata", "a.0.b"; a key with dots in it is
 * found as a whole first); ptr NULL if there is none. */
struct slice json_get(struct slice raw, struct slice path);
/* What a value says: a string without quotes and escapes (in `mem` if there were any), null as
 * absent, all else as its raw text. */
struct slice json_text(struct slice raw, struct arena *mem);
/* json_text(json_get()), for formats: "" never, absent instead of null. */
struct slice json_value(struct slice raw, const char *path, struct arena *mem);
/* Behind the value that starts at p (blanks before it passed over); NULL if it does not end. */
const char *json_end(const char *p, const char *end);
/* The same for an object or array at p that stands in a file of many, one of which may be damaged:
 * where a line feed stands within a string, or a line starts with a brace where no value may begin,
 * it is broken off: *broken is set, and the answer is that line feed. Some GB/s. */
const char *json_document_end(const char *p, const char *end, bool *broken);
/* The text between the quotes of a JSON string without its escapes: \uXXXX as UTF-8, an escape that
 * is none as it stands. */
struct slice json_unescape(struct slice s, struct arena *mem);

/* --- records --- */

/* record_begin(), then every member of the object `line` to its field: by the whole dotted path
 * ("userIdentity.arn"; "resources[].ARN" is that of the first element), at the top level also by
 * the type's json_keys and by aliases. Members that no field has are learned as text fields called
 * by their path, up to the room there is; arrays are not entered unless a field asks for it. A
 * string is stored without escapes, an object or array as its raw text, null as absent.
 * PARSE_OK, with REASON_CUT where the line ends before the object (values that are whole are set),
 * or PARSE_BAD (REASON_JSON; what stands before the break is set).  */
enum parse_result json_record(struct logtype *lt, struct slice line, struct record *rec);
/* Index of the field at a path that no value was met at: made if the path goes through a member
 * that is had as a whole, such as requestParameters, or an array's elements ("x.items.0.id",
 * "x.items[0].id"), or names an object of which members have fields. -1 if not, or if there is no
 * room. */
int json_field(struct logtype *lt, struct slice path);
/* Drops what was learned of a type that is in no registry and goes. */
void json_forget(const struct logtype *lt);
bool is_json_object(struct slice line); /* starts with { */

/* Scores how the first records fit (0, or 50 and more): of the lines that are JSON objects, those
 * which have at least one of the paths of every group. Groups are separated by blanks, paths within
 * a group by |: "webaclId httpRequest", "requestId routeKey|resourcePath|httpMethod". */
int probe_json(const struct probe *p, const char *groups, bool named);

#endif
