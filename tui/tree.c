/* tree.c - made anew for each drawing: records are small and one is shown at a time. */
#include "tree.h"

#include <stdio.h>

#include "arn.h"
#include "xalloc.h"

#define OPEN_BYTES 1200 /* larger values are folded until they are asked for */

static uint32_t hash_path(const char *path)
{
    uint32_t h = 2166136261u;

    for (; *path; path++)
        h = (h ^ (unsigned char)*path) * 16777619u;
    return h;
}

static bool is_turned(const struct tree_folds *folds, const char *path)
{
    uint32_t h = hash_path(path);
    bool turned = false;

    for (unsigned i = 0; i < MIN(folds->n, (unsigned)ARRAY_LEN(folds->turned)); i++)
        turned ^= folds->turned[i] == h;
    return turned;
}

void tree_turn(struct tree_folds *folds, const struct tree_line *line)
{
    folds->turned[folds->n++ % ARRAY_LEN(folds->turned)] = hash_path(line->path);
}

void tree_clear(struct tree *t)
{
    t->n = 0;
    arena_clear(&t->mem);
}

void tree_release(struct tree *t)
{
    free(t->line);
    t->line = NULL;
    t->n = t->cap = 0;
    arena_release(&t->mem);
}

/* Whether the text is one object or array with something in it, nothing before or behind. */
static bool is_nested(struct slice s)
{
    const char *end = s.ptr + s.len, *stop;

    if (s.len < 4 || (s.ptr[0] != '{' && s.ptr[0] != '['))
        return false;
    stop = json_end(s.ptr, end);
    while (stop && stop < end && (unsigned char)*stop <= ' ')
        stop++;
    return stop == end;
}

static const char *joined(struct tree *t, const char *path, struct slice key)
{
    size_t n = strlen(path);
    char *p = arena_alloc(&t->mem, n + key.len + 2);

    memcpy(p, path, n);
    p[n] = '.';
    memcpy(p + n + 1, key.ptr, key.len);
    p[n + 1 + key.len] = '\0';
    return p;
}

static void add(struct tree *t, const struct tree_folds *folds, struct tree_line line);

static void add_member(struct tree *t, const struct tree_folds *folds,
                       const struct tree_line *parent, struct slice label, struct slice key,
                       struct slice raw)
{
    struct tree_line line = {.field = parent->field,
                             .depth = parent->depth + 1,
                             .label = label,
                             .value = json_text(raw, &t->mem),
                             .path = joined(t, parent->path, key),
                             .text = json_kind(raw) == JSON_STRING,
                             .quoted = parent->quoted || parent->text};

    add(t, folds, line);
}

static void add_members(struct tree *t, const struct tree_folds *folds, struct tree_line parent)
{
    struct slice rest = parent.value, value, label;
    struct json_member m;
    char index[24];

    for (unsigned i = 0; parent.value.ptr[0] == '[' && json_next_element(&rest, &value); i++) {
        label = slice_of(index, (size_t)snprintf(index, sizeof(index), "[%u]", i));
        label = arena_keep(&t->mem, label);
        add_member(t, folds, &parent, label, slice_of(label.ptr + 1, label.len - 2), value);
    }
    while (parent.value.ptr[0] == '{' && json_next_member(&rest, &m))
        add_member(t, folds, &parent, m.key, m.key, m.value);
}

static void add_parts(struct tree *t, const struct tree_folds *folds,
                      const struct tree_line *parent)
{
    struct slice part[ARN_PARTS];

    arn_split(parent->value, part);
    for (unsigned i = 0; i < ARN_PARTS; i++) {
        struct slice name = slice_str(arn_part_name(i));

        if (i == ARN_RESOURCE || !part[i].len) /* which has its type and id */
            continue;
        add(t, folds,
            (struct tree_line){.field = parent->field,
                               .depth = parent->depth + 1,
                               .label = name,
                               .value = part[i],
                               .path = joined(t, parent->path, name),
                               .text = true,
                               .quoted = true});
    }
}

static bool is_arn(struct slice s)
{
    struct slice part[ARN_PARTS];

    return arn_split(s, part);
}

static void add(struct tree *t, const struct tree_folds *folds, struct tree_line line)
{
    if (t->n >= TREE_LINES)
        return;
    if (line.depth < JSON_DEPTH && is_arn(line.value)) {
        line.arn = true;
        line.fold = is_turned(folds, line.path) ? FOLD_OPEN : FOLD_CLOSED;
    } else if (line.value.ptr && is_nested(line.value) && line.depth < JSON_DEPTH) {
        line.fold =
            (line.value.len <= OPEN_BYTES) != is_turned(folds, line.path) ? FOLD_OPEN : FOLD_CLOSED;
    }
    GROW(t->line, t->cap, t->n + 1);
    t->line[t->n++] = line;
    if (line.fold == FOLD_OPEN && line.arn)
        add_parts(t, folds, &line);
    else if (line.fold == FOLD_OPEN)
        add_members(t, folds, line);
}

void tree_add(struct tree *t, const struct tree_folds *folds, int field, const char *name,
              struct slice value)
{
    add(t, folds,
        (struct tree_line){.field = field, .label = slice_str(name), .value = value, .path = name});
}
