#include "bench/output.h"

#include <errno.h>
#include <string.h>

bool output_open(struct output *o, const char *path)
{
    *o = (struct output){.path = path};
    if (!path)
        return true;
    o->file = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
    if (!o->file)
        fprintf(stderr, "error: can't write %s: %s\n", path, strerror(errno));
    return o->file != NULL;
}

bool output_close(struct output *o, bool written)
{
    FILE *file = o->file;

    o->file = NULL;
    if (!file)
        return true;
    if (fflush(file) != 0 || ferror(file))
        written = false;
    if (file != stdout && fclose(file) != 0)
        written = false;
    if (!written)
        fprintf(stderr, "error: can't write %s: %s\n", o->path, strerror(errno));
    return written;
}
