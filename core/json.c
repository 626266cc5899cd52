/* json.c - reading JSON text without building anything.
 *
 * A log type's members are looked up in a tree of keys made from its field table: nodes in one
 * array, found by (parent, key) in an open-addressed table. It only grows; readers take no lock
 * (a slot is published with release order once its node is whole), so every thread that parses
 * learns for all. Nodes and fields are bounded: members beyond are passed over. */
#include "json.h"

#include <pthread.h>
#include <stdatomic.h>

#include "tok_space.h"
#include "xalloc.h"

#define MAX_NODES 4096
#define N_SLOTS (2 * MAX_NODES)
#define MAX_KEY 128    /* longer keys are not learned */
#define MAX_PATH 256   /* nor longer paths */
#define MAX_ASKED 256  /* fields made by json_field(), a type */
#define MAX_INDEXED 64 /* elements that may have a path of their own */

#define FIELD_NONE (-1)  /* of a node: only the way to others, so far */
#define FIELD_NEVER (-2) /* its value cannot be learned: no room, or too long a path */

/* --- scanning --- */

static inline const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
        p++;
    return p;
}

/* The first quote or backslash of [p, end), or `end`. */
static inline const char *find_special(const char *p, const char *end)
{
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), back = _mm_set1_epi8('\\');

    for (; end - p >= 16; p += 16) {
        __m128i w = _mm_loadu_si128((const __m128i *)(const void *)p);
        unsigned hits = (unsigned)_mm_movemask_epi8(
            _mm_or_si128(_mm_cmpeq_epi8(w, quote), _mm_cmpeq_epi8(w, back)));

        if (hits)
            return p + __builtin_ctz(hits);
    }
#endif
    while (p < end && *p != '"' && *p != '\\')
        p++;
    return p;
}

/* The quote that ends the string whose text starts at p; NULL if there is none. */
static inline const char *string_end(const char *p, const char *end, bool *escaped)
{
    for (;;) {
        p = find_special(p, end);
        if (p == end)
            return NULL;
        if (*p == '"')
            return p;
        *escaped = true;
        if (end - p < 2)
            return NULL;
        p += 2;
    }
}

/* Behind a number or word. */
static inline const char *scalar_end(const char *p, const char *end)
{
    while (p < end && (unsigned char)*p > ' ' && *p != ',' && *p != '}' && *p != ']' && *p != ':')
        p++;
    return p;
}

/* --- the end of an object or array ---
 *
 * 64 bytes at a time become bit masks: quotes, brackets, line feeds. A running exclusive-or over
 * the quotes tells what is inside strings; only closing brackets outside them are looked at one by
 * one. The technique is known from simdjson (Langdale and Lemire, "Parsing gigabytes of JSON per
 * second"). */

#define EVEN_BITS UINT64_C(0x5555555555555555)

struct masks {
    uint64_t quote, back, open, close, feed;
};

static inline void classify(const char *p, struct masks *m)
{
    *m = (struct masks){0};
#ifdef __SSE2__
    for (unsigned i = 0; i < 4; i++) {
        __m128i w = _mm_loadu_si128((const __m128i *)(const void *)(p + i * 16));
        __m128i low = _mm_or_si128(w, _mm_set1_epi8(0x20)); /* [ as {, ] as } */

#define MASK(v, c) ((uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8(c))))
        m->quote |= MASK(w, '"') << i * 16;
        m->back |= MASK(w, '\\') << i * 16;
        m->open |= MASK(low, '{') << i * 16;
        m->close |= MASK(low, '}') << i * 16;
        m->feed |= MASK(w, '\n') << i * 16;
#undef MASK
    }
#else
    for (unsigned i = 0; i < 64; i++) {
        m->quote |= (uint64_t)(p[i] == '"') << i;
        m->back |= (uint64_t)(p[i] == '\\') << i;
        m->open |= (uint64_t)((p[i] | 0x20) == '{') << i;
        m->close |= (uint64_t)((p[i] | 0x20) == '}') << i;
        m->feed |= (uint64_t)(p[i] == '\n') << i;
    }
#endif
}

/* The bytes that a backslash escapes; *carry: the first byte of the next block is one. */
static inline uint64_t escaped_bytes(uint64_t back, uint64_t *carry)
{
    uint64_t follows, starts, sum;

    if (!back) {
        follows = *carry;
        *carry = 0;
        return follows;
    }
    back &= ~*carry;
    follows = back << 1 | *carry;
    starts = back & ~EVEN_BITS & ~follows;
    *carry = __builtin_add_overflow(starts, back, &sum);
    return (EVEN_BITS ^ sum << 1) & follows;
}

static inline uint64_t xor_up_to(uint64_t x)
{
    for (unsigned i = 1; i < 64; i *= 2)
        x ^= x << i;
    return x;
}

/* With its grammar, byte by byte: from a brace at the start of a line on, which is either the
 * element of an array or the next document behind one that was cut. */
static const char *careful_end(const char *p, const char *end, bool *broken)
{
    uint64_t arrays = 0; /* the kinds of the open brackets, innermost in bit 0 */
    size_t depth = 0;
    const char *feed = NULL;
    char before = 0; /* the last byte that is no blank */
    bool escaped;

    for (; p < end; p++) {
        if (*p == '\n')
            feed = p;
        if ((unsigned char)*p <= ' ')
            continue;
        if (*p == '{' && feed == p - 1 && depth > 0 && before != '[' && before != ':' &&
            !(before == ',' && (arrays & 1))) {
            *broken = true;
            return feed;
        }
        before = *p;
        if (*p == '{' || *p == '[') {
            depth++;
            arrays = arrays << 1 | (*p == '[');
        } else if (*p == '}' || *p == ']') {
            arrays >>= 1;
            if (--depth == 0)
                return p + 1;
        } else if (*p == '"') {
            const char *quote = string_end(p + 1, end, &escaped);
            const char *stop = memchr(p, '\n', (size_t)((quote ? quote : end) - p));

            if (stop) {
                *broken = true;
                return stop;
            }
            if (!quote)
                return NULL;
            p = quote;
        }
    }
    return NULL;
}

static inline const char *quick_end(const char *start, const char *end, bool strict, bool *broken)
{
    uint64_t escape = 0, inside = 0, feed = 0; /* carried over to the next block */
    size_t depth = 0;
    char last[64];

    for (const char *p = start; p < end; p += 64) {
        const char *from = p;
        struct masks m;
        uint64_t text, stop, line, open, close;

        if (end - p < 64) {
            memset(last, ' ', sizeof(last));
            memcpy(last, p, (size_t)(end - p));
            from = last;
        }
        classify(from, &m);
        text = xor_up_to(m.quote & ~escaped_bytes(m.back, &escape)) ^ inside;
        inside = 0 - (text >> 63);
        open = m.open & ~text;
        close = m.close & ~text;
        line = strict ? open & (m.feed << 1 | feed) : 0;
        feed = m.feed >> 63;
        stop = strict ? close | line | (m.feed & text) : close;
        if (!stop) {
            for (; open; open &= open - 1)
                depth++;
            continue;
        }
        for (uint64_t bits = open | stop; bits; bits &= bits - 1) {
            uint64_t bit = bits & -bits;
            const char *at = p + __builtin_ctzll(bits);

            if (bit & close) {
                if (--depth == 0)
                    return at + 1;
            } else if (!(bit & open)) {
                *broken = true;
                return at;
            } else if ((bit & line) && depth > 0 && *at == '{') {
                return careful_end(start, end, broken);
            } else {
                depth++;
            }
        }
    }
    return NULL;
}

static const char *bracket_end(const char *p, const char *end)
{
    bool broken;

    return quick_end(p, end, false, &broken);
}

const char *json_document_end(const char *p, const char *end, bool *broken)
{
    *broken = false;
    return quick_end(p, end, true, broken);
}

const char *json_end(const char *p, const char *end)
{
    const char *stop;
    bool escaped;

    p = skip_blanks(p, end);
    if (p == end)
        return NULL;
    if (*p == '"') {
        stop = string_end(p + 1, end, &escaped);
        return stop ? stop + 1 : NULL;
    }
    if (*p == '{' || *p == '[')
        return bracket_end(p, end);
    stop = scalar_end(p, end);
    return stop == p ? NULL : stop;
}

enum json_kind json_kind(struct slice raw)
{
    if (!raw.ptr || !raw.len)
        return JSON_NONE;
    switch (raw.ptr[0]) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    default:
        return raw.ptr[0] == '-' || (raw.ptr[0] >= '0' && raw.ptr[0] <= '9') ? JSON_NUMBER
                                                                             : JSON_WORD;
    }
}

bool is_json_object(struct slice line)
{
    const char *p = skip_blanks(line.ptr, line.ptr + line.len);

    return p < line.ptr + line.len && *p == '{';
}

/* --- walking --- */

/* At the next item of the container; false at its end or at a break. *rest may start at its open
 * bracket, or behind an item. */
static bool next_item(struct slice *rest, char open, char close)
{
    const char *p = rest->ptr, *end = slice_end(*rest);

    if (!p)
        return false;
    p = skip_blanks(p, end);
    if (p < end && *p == open && rest->len)
        p = skip_blanks(p + 1, end);
    while (p < end && *p == ',')
        p = skip_blanks(p + 1, end);
    *rest = slice_of(p, (size_t)(end - p));
    if (p < end && *p != close)
        return true;
    if (p < end)
        rest->ptr = NULL;
    return false;
}

static void advance(struct slice *rest, const char *to)
{
    rest->len -= (size_t)(to - rest->ptr);
    rest->ptr = to;
    /* What comes behind an item is never an open bracket: a comma hides one that is. */
}

bool json_next_key(struct slice *rest, struct slice *key)
{
    const char *p, *end, *stop;
    bool escaped;

    if (!next_item(rest, '{', '}') || rest->ptr[0] != '"')
        return false;
    p = rest->ptr + 1;
    end = rest->ptr + rest->len;
    stop = string_end(p, end, &escaped);
    if (!stop)
        return false;
    *key = slice_of(p, (size_t)(stop - p));
    p = skip_blanks(stop + 1, end);
    if (p == end || *p != ':')
        return false;
    advance(rest, skip_blanks(p + 1, end));
    return true;
}

bool json_skip_value(struct slice *rest)
{
    const char *stop = json_end(rest->ptr, rest->ptr + rest->len);

    if (!stop)
        return false;
    advance(rest, stop);
    return true;
}

bool json_next_member(struct slice *rest, struct json_member *m)
{
    const char *value;

    if (!json_next_key(rest, &m->key))
        return false;
    value = rest->ptr;
    if (!json_skip_value(rest))
        return false;
    m->value = slice_of(value, (size_t)(rest->ptr - value));
    return true;
}

bool json_next_element(struct slice *rest, struct slice *value)
{
    const char *end, *stop;
    bool first = rest->ptr && rest->len && json_kind(*rest) == JSON_ARRAY;

    /* Only the whole array starts with its own bracket: behind an element comes a comma. */
    if (!next_item(rest, first ? '[' : ',', ']'))
        return false;
    end = rest->ptr + rest->len;
    stop = json_end(rest->ptr, end);
    if (!stop)
        return false;
    *value = slice_of(rest->ptr, (size_t)(stop - rest->ptr));
    advance(rest, stop);
    return true;
}

static bool find_member(struct slice object, struct slice key, struct slice *value)
{
    struct json_member m;

    while (json_next_member(&object, &m)) {
        if (slice_eq(m.key, key)) {
            *value = m.value;
            return true;
        }
    }
    return false;
}

static bool find_element(struct slice array, struct slice index, struct slice *value)
{
    size_t n = 0;

    if (!is_digits(index) || index.len > 6)
        return false;
    for (size_t i = 0; i < index.len; i++)
        n = n * 10 + (size_t)(index.ptr[i] - '0');
    while (json_next_element(&array, value))
        if (n-- == 0)
            return true;
    return false;
}

/* The next step of a path: up to a dot or bracket, or the index within brackets. */
static struct slice next_step(struct slice *path)
{
    struct slice step = *path;
    size_t i = 0;

    if (path->len && path->ptr[0] == '[') {
        const char *close = memchr(path->ptr, ']', path->len);

        i = close ? (size_t)(close - path->ptr) + 1 : path->len;
        step = slice_of(path->ptr + 1, i - (close ? 2 : 1));
        if (close && i == 2)
            step = slice_of(path->ptr, 2); /* [] : any element */
    } else {
        while (i < path->len && path->ptr[i] != '.' && (path->ptr[i] != '[' || i == 0))
            i++;
        step.len = i;
    }
    if (i < path->len && path->ptr[i] == '.')
        i++;
    *path = slice_of(path->ptr + i, path->len - i);
    return step;
}

struct slice json_get(struct slice raw, struct slice path)
{
    struct slice value = raw;

    while (path.len) {
        struct slice step;

        raw = value;
        if (json_kind(raw) == JSON_OBJECT && find_member(raw, path, &value))
            return value;
        step = next_step(&path);
        if (json_kind(raw) == JSON_OBJECT ? !find_member(raw, step, &value)
                                          : !find_element(raw, step, &value))
            return (struct slice){NULL, 0};
    }
    return value;
}

/* --- texts --- */

static int hex4(const char *p, const char *end)
{
    int v = 0;

    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int d = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;

        if (d < 0)
            return -1;
        v = v * 16 + d;
    }
    return v;
}

static char *put_utf8(char *to, unsigned c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    } else {
        *to++ = (char)(0xf0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    }
    return to;
}

/* \uXXXX at p (behind the u), with the second half of a pair. Half a pair is U+FFFD. */
static char *put_unicode(char *to, const char **p, const char *end)
{
    int c = hex4(*p, end), low;

    if (c < 0) {
        *to++ = '\\';
        *to++ = 'u';
        return to;
    }
    *p += 4;
    if (c >= 0xd800 && c < 0xdc00 && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u') {
        low = hex4(*p + 2, end);
        if (low >= 0xdc00 && low < 0xe000) {
            *p += 6;
            return put_utf8(to, 0x10000 + (((unsigned)c - 0xd800) << 10) + (unsigned)low - 0xdc00);
        }
    }
    return put_utf8(to, c >= 0xd800 && c < 0xe000 ? 0xfffd : (unsigned)c);
}

struct slice json_unescape(struct slice s, struct arena *mem)
{
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    const char *p = s.ptr, *end = p + s.len;
    char *out = arena_alloc(mem, s.len + 1), *to = out;

    while (p < end) {
        const char *back = find_byte(p, end, '\\');
        const char *known;

        memcpy(to, p, (size_t)(back - p));
        to += back - p;
        if (end - back < 2) {
            if (back < end)
                *to++ = '\\';
            break;
        }
        p = back + 2;
        known = back[1] ? strchr(from, back[1]) : NULL;
        if (known) {
            *to++ = into[known - from];
        } else if (back[1] == 'u') {
            to = put_unicode(to, &p, end);
        } else {
            *to++ = '\\';
            *to++ = back[1];
        }
    }
    arena_shrink(mem, s.len + 1, (size_t)(to - out));
    return slice_of(out, (size_t)(to - out));
}

static struct slice string_text(struct slice inside, bool escaped, struct arena *mem)
{
    return escaped ? json_unescape(inside, mem) : inside;
}

struct slice json_text(struct slice raw, struct arena *mem)
{
    enum json_kind kind = json_kind(raw);

    if (kind == JSON_STRING && raw.len >= 2) {
        struct slice inside = slice_of(raw.ptr + 1, raw.len - 2);

        return string_text(inside, memchr(inside.ptr, '\\', inside.len) != NULL, mem);
    }
    if (kind == JSON_WORD && slice_is(raw, "null"))
        return (struct slice){NULL, 0};
    return raw;
}

struct slice json_value(struct slice raw, const char *path, struct arena *mem)
{
    struct slice s = json_text(json_get(raw, slice_str(path)), mem);

    return s.len ? s : (struct slice){NULL, 0};
}

/* --- the tree of keys of a type --- */

struct node {
    struct slice key;
    unsigned parent;
    _Atomic int field;     /* or FIELD_NONE, FIELD_NEVER */
    _Atomic bool elements; /* has children that are elements of an array */
};

struct tree {
    _Atomic uint16_t slot[N_SLOTS]; /* node, 0 = free */
    struct node node[MAX_NODES];    /* node[0] is the record itself */
    unsigned n;                     /* under `lock`, as is all writing */
    unsigned n_asked;
    atomic_bool full;
};

static _Atomic(struct tree *) trees[MAX_TYPES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static inline uint32_t key_hash(struct slice key, unsigned parent)
{
    uint64_t a = 0, b = 0;

    if (key.len >= 8) {
        memcpy(&a, key.ptr, 8);
        memcpy(&b, key.ptr + key.len - 8, 8);
    } else {
        for (size_t i = 0; i < key.len; i++)
            a = a << 8 | (unsigned char)key.ptr[i];
    }
    a = (a ^ (b << 23 | b >> 41) ^ parent) * UINT64_C(0x9e3779b97f4a7c15) + key.len;
    return (uint32_t)(a >> 32) ^ (uint32_t)(a >> 13);
}

static inline bool same_key(struct slice a, struct slice b)
{
    return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

static inline unsigned find_node(struct tree *t, unsigned parent, struct slice key)
{
    uint32_t i = key_hash(key, parent) % N_SLOTS;
    unsigned k;

    for (; (k = atomic_load_explicit(&t->slot[i], memory_order_acquire)); i = (i + 1) % N_SLOTS)
        if (t->node[k].parent == parent && same_key(t->node[k].key, key))
            return k;
    return 0;
}

/* Under the lock. 0 if there is no room. */
static unsigned add_node(struct tree *t, unsigned parent, struct slice key)
{
    unsigned k = find_node(t, parent, key);
    uint32_t i = key_hash(key, parent) % N_SLOTS;

    if (k)
        return k;
    if (t->n == MAX_NODES || key.len > MAX_KEY) {
        atomic_store(&t->full, t->n == MAX_NODES);
        return 0;
    }
    while (atomic_load_explicit(&t->slot[i], memory_order_relaxed))
        i = (i + 1) % N_SLOTS;
    k = t->n++;
    t->node[k].key = slice_of(slice_dup(key), key.len);
    t->node[k].parent = parent;
    atomic_init(&t->node[k].field, FIELD_NONE);
    atomic_init(&t->node[k].elements, false);
    atomic_store_explicit(&t->slot[i], (uint16_t)k, memory_order_release);
    return k;
}

static bool is_element(struct slice step)
{
    return slice_is(step, "[]") || is_digits(step);
}

/* Under the lock: the node at a path, made where it is missing; 0 if there is no room. */
static unsigned add_path(struct tree *t, struct slice path)
{
    unsigned k = 0;

    while (path.len) {
        struct slice step = next_step(&path);
        unsigned next = add_node(t, k, step);

        if (!next)
            return 0;
        if (is_element(step))
            atomic_store(&t->node[k].elements, true);
        k = next;
    }
    return k;
}

static struct tree *new_tree(struct logtype *lt)
{
    struct tree *t = xcalloc(1, sizeof(*t));
    const char *const *pair = lt->fmt->json_keys;

    t->n = 1;
    for (; pair && pair[0]; pair += 2)
        atomic_store(&t->node[add_path(t, slice_str(pair[0]))].field,
                     logtype_field(lt, slice_str(pair[1]), false));
    for (unsigned f = 0; f < lt->n_static; f++) {
        unsigned k =
            lt->field[f]->flags & FF_BY_KEY ? 0 : add_path(t, slice_str(lt->field[f]->name));

        if (atomic_load(&t->node[k].field) < 0)
            atomic_store(&t->node[k].field, (int)f);
    }
    atomic_store(&t->node[0].field, FIELD_NONE);
    return t;
}

static struct tree *tree_of(struct logtype *lt)
{
    struct tree *t;

    BUG_ON(lt->id >= MAX_TYPES);
    t = atomic_load_explicit(&trees[lt->id], memory_order_acquire);
    if (t)
        return t;
    pthread_mutex_lock(&lock);
    t = atomic_load(&trees[lt->id]);
    if (!t) {
        t = new_tree(lt);
        atomic_store_explicit(&trees[lt->id], t, memory_order_release);
    }
    pthread_mutex_unlock(&lock);
    return t;
}

void json_forget(const struct logtype *lt)
{
    struct tree *t = atomic_exchange(&trees[lt->id], NULL);

    for (unsigned k = 1; t && k < t->n; k++)
        free((char *)(uintptr_t)t->node[k].key.ptr);
    free(t);
}

/* "a.b.c" of a node, at the end of buf; empty if it is too long. */
static struct slice path_of(const struct tree *t, unsigned k, char buf[MAX_PATH])
{
    size_t at = MAX_PATH;

    for (; k; k = t->node[k].parent) {
        struct slice key = t->node[k].key;

        if (key.len + 1 > at)
            return SL("");
        if (at < MAX_PATH)
            buf[--at] = '.';
        at -= key.len;
        memcpy(buf + at, key.ptr, key.len);
    }
    return slice_of(buf + at, MAX_PATH - at);
}

/* Under the lock: a field for the value of node k. */
static int add_field(struct logtype *lt, struct tree *t, unsigned k)
{
    char buf[MAX_PATH];
    struct slice path = path_of(t, k, buf);
    int f = path.len ? logtype_field(lt, path, true) : FIELD_NEVER;

    if (f < 0 && path.len)
        atomic_store(&t->full, true);
    atomic_store(&t->node[k].field, f < 0 ? FIELD_NEVER : f);
    return f;
}

/* The member `key` of node `parent`, met for the first time: its node, with a field if it is a
 * value to be had. 0 if it is not learned. */
static unsigned learn(struct logtype *lt, struct tree *t, unsigned parent, struct slice key,
                      bool value)
{
    unsigned k;

    if (!key.len || key.len > MAX_KEY || atomic_load_explicit(&t->full, memory_order_relaxed))
        return 0;
    pthread_mutex_lock(&lock);
    k = add_node(t, parent, key);
    if (k && value && atomic_load(&t->node[k].field) == FIELD_NONE) {
        int f = parent == 0 ? logtype_alias(lt, key) : -1;

        if (f >= 0)
            atomic_store(&t->node[k].field, f);
        else
            add_field(lt, t, k);
    }
    pthread_mutex_unlock(&lock);
    return k;
}

int json_field(struct logtype *lt, struct slice path)
{
    struct tree *t = tree_of(lt);
    struct slice rest = path, step = next_step(&rest);
    unsigned k = find_node(t, 0, step);
    bool indexed = false;
    int f = -1;

    for (struct slice more = rest; more.len;)
        indexed |= is_element(next_step(&more));
    if (!k || !rest.len || (!indexed && atomic_load(&t->node[k].field) < 0))
        return -1;
    pthread_mutex_lock(&lock);
    k = t->n_asked < MAX_ASKED ? add_path(t, path) : 0;
    if (k)
        f = atomic_load(&t->node[k].field);
    if (k && f == FIELD_NONE) {
        t->n_asked++;
        f = add_field(lt, t, k);
    }
    pthread_mutex_unlock(&lock);
    return MAX(f, -1);
}

/* --- records --- */

struct walk {
    struct logtype *lt;
    struct tree *tree;
    struct record *rec;
    const char *end;
    unsigned limit; /* fields from here on are not wanted */
};

static void store(struct walk *w, int field, struct slice s)
{
    struct record *rec = w->rec;

    for (; (unsigned)field >= rec->n_val; rec->n_val++)
        rec->val[rec->n_val] = (struct slice){NULL, 0};
    rec->val[field] = s;
}

static inline bool wanted(const struct walk *w, int field)
{
    return field >= 0 && (unsigned)field < w->limit;
}

static inline int field_of(const struct walk *w, unsigned k)
{
    return k ? atomic_load_explicit(&w->tree->node[k].field, memory_order_relaxed) : FIELD_NEVER;
}

static const char *walk_object(struct walk *w, const char *p, unsigned k, unsigned depth);
static const char *walk_array(struct walk *w, const char *p, unsigned k, unsigned depth);

static const char *walk_scalar(struct walk *w, const char *p, int field)
{
    const char *stop;
    bool escaped = false;

    if (*p == '"') {
        stop = string_end(p + 1, w->end, &escaped);
        if (stop && wanted(w, field))
            store(w, field,
                  string_text(slice_of(p + 1, (size_t)(stop - p - 1)), escaped, &w->rec->mem));
        return stop ? stop + 1 : NULL;
    }
    stop = scalar_end(p, w->end);
    if (wanted(w, field) && !(stop - p == 4 && memcmp(p, "null", 4) == 0))
        store(w, field, slice_of(p, (size_t)(stop - p)));
    return stop == p ? NULL : stop;
}

/* An object or array: what is in it, and itself if a field wants it. */
static const char *walk_nested(struct walk *w, const char *p, unsigned k, unsigned depth)
{
    bool enter =
        k && depth < JSON_DEPTH &&
        (*p == '{' || atomic_load_explicit(&w->tree->node[k].elements, memory_order_relaxed));
    const char *stop = !enter      ? bracket_end(p, w->end)
                       : *p == '{' ? walk_object(w, p + 1, k, depth + 1)
                                   : walk_array(w, p, k, depth + 1);
    int field = field_of(w, k);

    if (stop && wanted(w, field))
        store(w, field, slice_of(p, (size_t)(stop - p)));
    return stop;
}

static const char *walk_value(struct walk *w, const char *p, unsigned k, unsigned depth)
{
    if (*p == '{' || *p == '[')
        return walk_nested(w, p, k, depth);
    return walk_scalar(w, p, field_of(w, k));
}

static const char *walk_array(struct walk *w, const char *p, unsigned k, unsigned depth)
{
    const char *stop = bracket_end(p, w->end);
    struct slice rest, value;
    char index[16];

    if (!stop)
        return NULL;
    rest = slice_of(p, (size_t)(stop - p));
    for (unsigned i = 0; i < MAX_INDEXED && json_next_element(&rest, &value); i++) {
        unsigned any = i == 0 ? find_node(w->tree, k, SL("[]")) : 0, own;
        int n = 0;

        for (unsigned x = i; n == 0 || x; x /= 10)
            index[15 - n++] = (char)('0' + x % 10);
        own = find_node(w->tree, k, slice_of(index + 16 - n, (size_t)n));
        if (any)
            walk_value(w, value.ptr, any, depth);
        if (own)
            walk_value(w, value.ptr, own, depth);
    }
    return stop;
}

/* p is behind the open brace. */
static const char *walk_object(struct walk *w, const char *p, unsigned k, unsigned depth)
{
    const char *end = w->end, *stop;
    struct slice key;
    bool escaped;

    for (;;) {
        unsigned child;

        p = skip_blanks(p, end);
        if (p < end && *p == ',') {
            p++;
            continue;
        }
        if (p == end || *p != '"')
            return p < end && *p == '}' ? p + 1 : NULL;
        stop = string_end(p + 1, end, &escaped);
        if (!stop)
            return NULL;
        key = slice_of(p + 1, (size_t)(stop - p - 1));
        p = skip_blanks(stop + 1, end);
        if (p == end || *p != ':')
            return NULL;
        p = skip_blanks(p + 1, end);
        if (p == end)
            return NULL;
        child = find_node(w->tree, k, key);
        if (unlikely(!child || (*p != '{' && field_of(w, child) == FIELD_NONE)))
            child = learn(w->lt, w->tree, k, key, *p != '{');
        p = walk_value(w, p, child, depth);
        if (!p)
            return NULL;
    }
}

enum parse_result json_record(struct logtype *lt, struct slice line, struct record *rec)
{
    struct walk w = {.lt = lt, .tree = tree_of(lt), .rec = rec, .end = line.ptr + line.len};
    const char *p;

    record_begin(rec, lt);
    w.limit = rec->static_only ? lt->n_static : MAX_FIELDS;
    p = skip_blanks(line.ptr, w.end);
    if (p == w.end || *p != '{' || !walk_object(&w, p + 1, 0, 0))
        return record_bad(rec, REASON_JSON);
    return PARSE_OK;
}

/* --- detection --- */

static bool has_group(struct slice line, struct slice group)
{
    while (group.ptr)
        if (json_get(line, slice_cut(&group, '|')).ptr)
            return true;
    return false;
}

static bool has_groups(struct slice line, const char *groups)
{
    struct slice rest = slice_str(groups);

    while (rest.ptr)
        if (!has_group(line, slice_cut(&rest, ' ')))
            return false;
    return true;
}

int probe_json(const struct probe *p, const char *groups, bool named)
{
    struct slice head = p->head, line;
    unsigned fit = 0, seen = 0, objects = 0;

    while (seen < PROBE_LINES && probe_line(&head, &line)) {
        line = slice_trim(line);
        seen++;
        if (!is_json_object(line))
            continue;
        objects++;
        fit += has_groups(line, groups);
    }
    return objects ? score_lines(fit, seen, named) : 0;
}
