#include "consensus/types.h"

const char *parse_result_text(enum parse_result result)
{
    switch (result) {
    case PARSE_OK:
        return "ok";
    case PARSE_MALFORMED:
        return "ends too early or holds a size that may not be";
    case PARSE_SUPERFLUOUS_WITNESS:
        return "marked as having a witness, but has none";
    case PARSE_UNKNOWN_FLAG:
        return "unknown transaction flag";
    case PARSE_TRAILING_DATA:
        return "more bytes than it should have";
    case PARSE_NO_MEMORY:
        return "out of memory";
    }
    return "unknown parse result";
}
