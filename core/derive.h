/* derive.h - fields that are made from another field's text when they are asked for (struct
 * field_def, `derive`): nothing is stored for them, and a value is worked out once a row shown or
 * once a distinct text. All of these give an absent slice where there is nothing to say; the answer
 * is a static text, a part of `base`, or in `mem`. */
#ifndef AWL_DERIVE_H
#define AWL_DERIVE_H

#include "format.h"

/* "/users/4711/cart" -> "/users/{id}/cart": numbers, UUIDs, long hexadecimal and mixed segments. */
derive_fn derive_path_template;
/* The percent-encoding undone once, behind the escapes that the base has by its flags; two levels
 * where the service encoded twice (CloudFront). */
derive_fn derive_decoded;
derive_fn derive_decoded_twice;
/* Both levels that S3 puts on a key. */
derive_fn derive_decoded_key;
/* An edge location code -> "LHR", "London", "GB". */
derive_fn derive_edge_iata;
derive_fn derive_edge_city;
derive_fn derive_edge_country;
/* What explain.h says of the value in a word: protocol and port names, spelled TCP flags. */
derive_fn derive_word;
/* Of an absolute URL: "https", "8443" (absent where it names none). */
derive_fn derive_url_scheme;
derive_fn derive_url_port;
/* The name of what an ARN is of: behind its type. */
derive_fn derive_resource_name;
/* "app/NAME/ID" -> "NAME". */
derive_fn derive_elb_name;

/* A line of a field table. */
#define DERIVED_FIELD(name_, aliases_, fn, from_, meaning_)                                        \
    {                                                                                              \
        .name = (name_), .aliases = (aliases_), .kind = FK_TEXT, .flags = FF_DERIVED | FF_NOCOL,   \
        .meaning = (meaning_), .derive = (fn), .from = (from_)                                     \
    }

#endif
