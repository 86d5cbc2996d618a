#include "mining/api_impl.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void api_reply_init(struct api_reply *r, bool json)
{
    *r = (struct api_reply){.json = json};
    if (json)
        json_writer_init(&r->w, SERVER_ANSWER_MAX);
}

static void add(struct api_reply *r, const char *data, size_t size)
{
    if (r->failed)
        return;
    if (r->capacity - r->size <= size) {
        size_t capacity = 2 * (r->capacity + size) + 1024;
        char *text = capacity <= SERVER_ANSWER_MAX ? realloc(r->text, capacity) : NULL;

        if (!text) {
            r->failed = true;
            return;
        }
        r->text = text;
        r->capacity = capacity;
    }
    memcpy(r->text + r->size, data, size);
    r->size += size;
    r->text[r->size] = '\0';
}

static void add_text(struct api_reply *r, const char *text) { add(r, text, strlen(text)); }

/* With a backslash before what text replies are taken apart by; control characters, which have no place in it, as '?'. */
static void add_escaped(struct api_reply *r, const char *text)
{
    for (; *text; text++) {
        if (strchr("|,=\\", *text))
            add(r, "\\", 1);
        add(r, (unsigned char)*text < 0x20 || *text == 0x7f ? "?" : text, 1);
    }
}

bool api_reply_finish(struct api_reply *r, struct server_answer *answer)
{
    struct bytes text;

    if (r->json) {
        bool good = json_writer_finish(&r->w);

        if (good) {
            text = json_writer_text(&r->w);
            add(r, (const char *)text.data, text.size);
        }
        r->failed = r->failed || !good;
        json_writer_free(&r->w);
    }
    if (r->failed || !r->text) {
        free(r->text);
        r->text = NULL;
        return false;
    }
    *answer = (struct server_answer){.data = r->text, .size = r->size + 1};
    return true;
}

void api_reply_open(struct api_reply *r, const char *name)
{
    if (r->json) {
        if (name) {
            json_writer_key(&r->w, name);
            json_writer_open_array(&r->w);
        }
        json_writer_open_object(&r->w);
    } else if (name) {
        add_text(r, "CMD=");
        add_escaped(r, name);
        add_text(r, "|");
    }
}

void api_reply_close(struct api_reply *r, const char *name)
{
    if (!r->json)
        return;
    json_writer_key(&r->w, "id");
    json_writer_int(&r->w, 1);
    json_writer_close_object(&r->w);
    if (name)
        json_writer_close_array(&r->w);
}

void api_reply_section(struct api_reply *r, const char *name)
{
    if (!r->json)
        return;
    json_writer_key(&r->w, name);
    json_writer_open_array(&r->w);
}

void api_reply_end_section(struct api_reply *r)
{
    if (r->json)
        json_writer_close_array(&r->w);
}

void api_reply_item(struct api_reply *r, const char *title)
{
    r->begun = false;
    if (r->json) {
        json_writer_open_object(&r->w);
    } else if (title) {
        add_text(r, title);
        r->begun = true;
    }
}

void api_reply_end_item(struct api_reply *r)
{
    if (r->json)
        json_writer_close_object(&r->w);
    else
        add_text(r, "|");
}

static void begin_field(struct api_reply *r, const char *name)
{
    if (r->json) {
        json_writer_key(&r->w, name);
        return;
    }
    if (r->begun)
        add_text(r, ",");
    r->begun = true;
    add_text(r, name);
    add_text(r, "=");
}

void api_reply_string(struct api_reply *r, const char *name, const char *value)
{
    begin_field(r, name);
    if (r->json)
        json_writer_string(&r->w, value);
    else
        add_escaped(r, value);
}

/* What is the same in both forms. */
static void add_plain(struct api_reply *r, const char *name, const char *value)
{
    begin_field(r, name);
    if (r->json)
        json_writer_raw(&r->w, bytes_of(value, strlen(value)));
    else
        add_text(r, value);
}

void api_reply_int(struct api_reply *r, const char *name, int64_t value)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRId64, value);
    add_plain(r, name, text);
}

void api_reply_uint(struct api_reply *r, const char *name, uint64_t value)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    add_plain(r, name, text);
}

void api_reply_bool(struct api_reply *r, const char *name, bool value)
{
    add_plain(r, name, value ? "true" : "false");
}

void api_reply_fixed(struct api_reply *r, const char *name, double value, int decimals)
{
    char text[384]; /* DBL_MAX has 309 digits before the point */

    snprintf(text, sizeof(text), "%.*f", decimals, isfinite(value) ? value : 0);
    add_plain(r, name, text);
}

void api_status(struct api_call *call, enum api_severity severity, enum api_code code,
                const char *format, ...)
{
    const char letter[2] = {(char)severity, '\0'};
    char message[MINING_URL_SIZE + MINING_CONTROL_TEXT_SIZE + 64];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    api_reply_section(call->reply, "STATUS");
    api_reply_item(call->reply, NULL);
    api_reply_string(call->reply, "STATUS", letter);
    api_reply_int(call->reply, "When", call->report->now_s);
    api_reply_int(call->reply, "Code", code);
    api_reply_string(call->reply, "Msg", message);
    api_reply_string(call->reply, "Description", call->source->description);
    api_reply_end_item(call->reply);
    api_reply_end_section(call->reply);
}
