#include "base/log.h"

#include "base/json_writer.h"
#include "base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MESSAGE_SIZE = 8192, /* of the formatted message, before escaping */
    PLACE_COUNT = 64,    /* places whose warnings are counted at a time */
};

/* How often one place has warned in its window. */
struct place {
    const char *file;
    int line;
    uint64_t since_ns;
    unsigned written, held;
};

/* Where lines go. */
struct sink {
    int fd;   /* -1: nowhere */
    bool cut; /* its last line is there in part (the disk was full): the next begins a new one */
};

struct log {
    const struct clock *clock;
    char *path; /* or NULL */
    bool json, source;
    _Atomic uint32_t debug, trace;
    _Atomic uint64_t lost;
    pthread_mutex_t lock; /* over all that follows, and over every write */
    struct sink file, other;
    struct place places[PLACE_COUNT];
};

static const struct {
    uint32_t bit;
    const char *name;
} categories[] = {
    {LOG_NET, "net"},
    {LOG_MEMPOOL, "mempool"},
    {LOG_HTTP, "http"},
    {LOG_BENCH, "bench"},
    {LOG_ZMQ, "zmq"},
    {LOG_WALLETDB, "walletdb"},
    {LOG_RPC, "rpc"},
    {LOG_ESTIMATEFEE, "estimatefee"},
    {LOG_ADDRMAN, "addrman"},
    {LOG_SELECTCOINS, "selectcoins"},
    {LOG_REINDEX, "reindex"},
    {LOG_CMPCTBLOCK, "cmpctblock"},
    {LOG_RAND, "rand"},
    {LOG_PRUNE, "prune"},
    {LOG_PROXY, "proxy"},
    {LOG_MEMPOOLREJ, "mempoolrej"},
    {LOG_LIBEVENT, "libevent"},
    {LOG_COINDB, "coindb"},
    {LOG_VALIDATION, "validation"},
    {LOG_BLOCKSTORAGE, "blockstorage"},
    {LOG_TXPACKAGES, "txpackages"},
    {LOG_SCAN, "scan"},
    {LOG_LOCK, "lock"},
    {LOG_ENGINE, "engine"},
    {LOG_MINING, "mining"},
    {LOG_STRATUM, "stratum"},
};
enum { CATEGORY_COUNT = sizeof categories / sizeof *categories };
_Static_assert(LOG_ALL == (1u << CATEGORY_COUNT) - 1, "each category has a name");

static const char *const levels[] = {"error", "warning", "info", "debug", "trace"};

static int open_file(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
}

struct log *log_create(const struct log_options *options)
{
    struct log *log = calloc(1, sizeof *log);

    if (!log)
        return NULL;
    log->clock = options->clock;
    log->json = options->json;
    log->source = options->source;
    log->other.fd = options->fd;
    log->file.fd = -1;
    if (options->path) {
        log->path = strdup(options->path);
        log->file.fd = log->path ? open_file(log->path) : -1;
        if (log->file.fd < 0) {
            int error = errno;

            free(log->path);
            free(log);
            errno = error;
            return NULL;
        }
    }
    pthread_mutex_init(&log->lock, NULL);
    return log;
}

void log_destroy(struct log *log)
{
    if (!log)
        return;
    if (log->file.fd >= 0)
        close(log->file.fd);
    pthread_mutex_destroy(&log->lock);
    free(log->path);
    free(log);
}

bool log_reopen(struct log *log)
{
    int file, old;

    if (!log || !log->path)
        return true;
    file = open_file(log->path);
    if (file < 0)
        return false;
    pthread_mutex_lock(&log->lock);
    old = log->file.fd;
    log->file = (struct sink){.fd = file};
    pthread_mutex_unlock(&log->lock);
    close(old);
    return true;
}

uint64_t log_lost(const struct log *log) { return log ? atomic_load(&log->lost) : 0; }

void log_enable(struct log *log, uint32_t bits)
{
    if (log)
        atomic_fetch_or(&log->debug, bits & LOG_ALL);
}

void log_disable(struct log *log, uint32_t bits)
{
    if (!log)
        return;
    atomic_fetch_and(&log->debug, ~bits);
    atomic_fetch_and(&log->trace, ~bits);
}

void log_enable_trace(struct log *log, uint32_t bits)
{
    if (log)
        atomic_fetch_or(&log->trace, bits & LOG_ALL);
}

uint32_t log_enabled_categories(const struct log *log)
{
    return log ? atomic_load(&log->debug) : 0;
}

bool log_category_parse(uint32_t *bits, const char *name)
{
    if (strcmp(name, "all") == 0 || strcmp(name, "1") == 0) {
        *bits = LOG_ALL;
        return true;
    }
    if (strcmp(name, "none") == 0 || strcmp(name, "0") == 0) {
        *bits = 0;
        return true;
    }
    for (size_t i = 0; i < CATEGORY_COUNT; i++) {
        if (strcmp(name, categories[i].name) == 0) {
            *bits = categories[i].bit;
            return true;
        }
    }
    return false;
}

const char *log_category_name(uint32_t category)
{
    if (category == LOG_GENERAL)
        return "general";
    for (size_t i = 0; i < CATEGORY_COUNT; i++)
        if (categories[i].bit == category)
            return categories[i].name;
    return NULL;
}

bool log_level_parse(enum log_level *level, const char *name)
{
    for (int i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_TRACE; i++) {
        if (strcmp(name, levels[i]) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

const char *log_level_name(enum log_level level) { return levels[level]; }

bool log_would(const struct log *log, enum log_level level, enum log_category category)
{
    uint32_t bits = category == LOG_GENERAL ? LOG_ALL : (uint32_t)category;

    if (!log)
        return false;
    if (level <= LOG_LEVEL_INFO)
        return true;
    /* Relaxed: a line more or less while somebody switches a category is no matter. */
    if ((atomic_load_explicit(&log->debug, memory_order_relaxed) & bits) != bits)
        return false;
    return level == LOG_LEVEL_DEBUG ||
           (atomic_load_explicit(&log->trace, memory_order_relaxed) & bits) == bits;
}

/* The entry of a place, new or taken from the one that is longest unchanged. Under the lock. */
static struct place *find_place(struct log *log, const char *file, int line)
{
    struct place *oldest = &log->places[0];

    for (size_t i = 0; i < PLACE_COUNT; i++) {
        struct place *place = &log->places[i];

        if (place->file == file && place->line == line)
            return place;
        if (place->since_ns < oldest->since_ns)
            oldest = place;
    }
    *oldest = (struct place){.file = file, .line = line};
    return oldest;
}

/* Whether a place may warn (again); if so, *held is how often it might not since it last did. */
static bool may_warn(struct log *log, const char *file, int line, unsigned *held)
{
    const uint64_t window_ns = (uint64_t)LOG_WARNING_WINDOW_S * 1000000000;
    uint64_t now_ns = clock_steady_ns(log->clock);
    struct place *place;
    bool may;

    *held = 0;
    pthread_mutex_lock(&log->lock);
    place = find_place(log, file, line);
    if (place->written == 0 || now_ns - place->since_ns >= window_ns) {
        place->since_ns = now_ns;
        place->written = 0;
    }
    may = place->written < LOG_WARNING_BURST;
    if (may) {
        place->written++;
        *held = place->held;
        place->held = 0;
    } else {
        place->held++;
    }
    pthread_mutex_unlock(&log->lock);
    return may;
}

/* How much of the line the descriptor took. */
static size_t write_all(int fd, const char *line, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t written = write(fd, line + done, size - done);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            break;
        done += (size_t)written;
    }
    return done;
}

/* False where the line, or a part of it, is lost. */
static bool write_sink(struct sink *sink, const char *line, size_t size)
{
    size_t done;

    if (sink->fd < 0)
        return true;
    if (sink->cut && write_all(sink->fd, "\n", 1) == 0)
        return false;
    done = write_all(sink->fd, line, size);
    sink->cut = done > 0 && done < size;
    return done == size;
}

static void write_line(struct log *log, const char *line, size_t size)
{
    bool file, other;

    pthread_mutex_lock(&log->lock);
    file = write_sink(&log->file, line, size);
    other = write_sink(&log->other, line, size);
    pthread_mutex_unlock(&log->lock);
    if (!file || !other)
        atomic_fetch_add(&log->lost, 1);
}

/* What a line says. */
struct event {
    const char *time, *file, *message;
    enum log_level level;
    enum log_category category;
    int line; /* in file; file is NULL where it is not to be said */
    size_t size;
};

/* The size of a character that goes into a line as it is; 0 where it starts lines or commands terminals. */
static size_t harmless_size(struct bytes text)
{
    return utf8_control_size(text) ? 0 : utf8_size(text);
}

/* Writes a message's escaped form to out and says its size, at most room. */
static size_t escape_message(char *out, size_t room, const char *message, size_t length)
{
    static const char cut[] = "...";
    size_t size = 0;

    for (size_t i = 0; i < length;) {
        size_t plain = harmless_size(bytes_of(message + i, length - i));
        size_t need = plain ? plain : 4;

        if (size + need + sizeof cut - 1 > room) {
            memcpy(out + size, cut, sizeof cut - 1);
            return size + sizeof cut - 1;
        }
        if (plain)
            memcpy(out + size, message + i, plain);
        else
            snprintf(out + size, need + 1, "\\x%02x", (uint8_t)message[i]);
        size += need;
        i += plain ? plain : 1;
    }
    return size;
}

/* For lines: a name also where a caller has joined categories. */
static const char *category_text(enum log_category category)
{
    const char *name = log_category_name(category);

    return name ? name : "several";
}

/* "[net:debug] ", as Core: the level where it is not information, the category where there is one. */
static size_t format_text(char out[static LOG_LINE_SIZE], const struct event *e)
{
    const char *category = e->category == LOG_GENERAL ? "" : category_text(e->category);
    const char *level = e->level == LOG_LEVEL_INFO ? "" : log_level_name(e->level);
    const char *colon = *category && *level ? ":" : "";
    int head;

    if (*category || *level)
        head = snprintf(out, LOG_LINE_SIZE, "%s [%s%s%s] ", e->time, category, colon, level);
    else
        head = snprintf(out, LOG_LINE_SIZE, "%s ", e->time);
    if (e->file)
        head +=
            snprintf(out + head, LOG_LINE_SIZE - (size_t)head, "[%.200s:%d] ", e->file, e->line);
    /* snprintf may have put its zero over the last byte of room: one is left for it. */
    return (size_t)head +
           escape_message(out + head, LOG_LINE_SIZE - 2 - (size_t)head, e->message, e->size);
}

/* The line as JSON with the first size bytes of the message; 0 where that does not fit. */
static size_t format_json_part(char out[static LOG_LINE_SIZE], const struct event *e, size_t size)
{
    struct json_writer w;

    json_writer_init_buffer(&w, out, LOG_LINE_SIZE - 1);
    json_writer_open_object(&w);
    json_writer_key(&w, "time");
    json_writer_string(&w, e->time);
    json_writer_key(&w, "level");
    json_writer_string(&w, log_level_name(e->level));
    json_writer_key(&w, "category");
    json_writer_string(&w, category_text(e->category));
    if (e->file) {
        json_writer_key(&w, "file");
        json_writer_string(&w, e->file);
        json_writer_key(&w, "line");
        json_writer_int(&w, e->line);
    }
    json_writer_key(&w, "message");
    json_writer_string_bytes(&w, bytes_of(e->message, size));
    if (size < e->size) {
        json_writer_key(&w, "cut");
        json_writer_bool(&w, true);
    }
    json_writer_close_object(&w);
    return json_writer_finish(&w) ? w.size : 0;
}

static size_t format_json(char out[static LOG_LINE_SIZE], const struct event *e)
{
    size_t size = e->size;
    size_t line = format_json_part(out, e, size);

    while (line == 0 && size > 0) {
        size /= 2; /* escaping makes up to six characters of one */
        line = format_json_part(out, e, size);
    }
    return line;
}

/* JSON escapes C0 alone: what it would let pass becomes bytes that are not UTF-8, so U+FFFD. */
static void break_c1(char *message, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (utf8_control_size(bytes_of(message + i, size - i)) == 2)
            message[i] = '\xff';
}

static void write_event(struct log *log, const struct event *e)
{
    char line[LOG_LINE_SIZE];
    size_t size = log->json ? format_json(line, e) : format_text(line, e);

    line[size++] = '\n';
    write_line(log, line, size);
}

void log_write(struct log *log, enum log_level level, enum log_category category, const char *file,
               int line, const char *format, ...)
{
    struct event e = {.level = level, .category = category};
    char time[CLOCK_TEXT_SIZE], message[MESSAGE_SIZE];
    unsigned held = 0;
    int error = errno;
    int length;
    va_list args;

    if (!log || (level == LOG_LEVEL_WARNING && !may_warn(log, file, line, &held))) {
        errno = error;
        return;
    }
    errno = error; /* for %m */
    va_start(args, format);
    length = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    e.size = length < 0 ? 0 : (size_t)length;
    if (e.size >= sizeof message)
        e.size = sizeof message - 1;
    if (held && e.size < sizeof message - 1) {
        int more =
            snprintf(message + e.size, sizeof message - e.size, " (%u like this held back)", held);

        e.size = strnlen(message, e.size + (size_t)more);
    }
    if (log->json)
        break_c1(message, e.size);
    clock_format_ms(time, clock_wall_ms(log->clock));
    e.time = time;
    e.message = message;
    e.file = log->source ? file : NULL;
    e.line = line;
    write_event(log, &e);
    errno = error;
}
