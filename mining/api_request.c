/* From the bytes of a request to the commands that answer it. */
#include "mining/api_impl.h"

#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>

/* A request taken apart. */
struct request {
    bool json;
    char command[API_COMMAND_SIZE];
    char parameter[API_PARAMETER_SIZE];
};

static void api_check(struct api_call *call);

static void api_quit(struct api_call *call) { call->source->quit_fn(call->source->arg); }

const struct api_command api_commands[] = {
    {"version", api_version, false, true},
    {"config", api_config, false, true},
    {"devs", api_devs, false, true},
    {"edevs", api_devs, false, true},
    {"pools", api_pools, false, true},
    {"summary", api_summary, false, true},
    {"cpu", api_cpu, false, false},
    {"cpucount", api_cpucount, false, true},
    {"gpu", api_gpu, false, false},
    {"gpucount", api_gpucount, false, true},
    {"pga", api_pga, false, false},
    {"pgacount", api_pgacount, false, true},
    {"asc", api_asc, false, false},
    {"asccount", api_asccount, false, true},
    {"switchpool", api_switchpool, true, false},
    {"addpool", api_addpool, true, false},
    {"poolpriority", api_poolpriority, true, false},
    {"enablepool", api_enablepool, true, false},
    {"disablepool", api_disablepool, true, false},
    {"removepool", api_removepool, true, false},
    {"quit", api_quit, true, false},
    {"privileged", api_privileged, true, false},
    {"notify", api_notify, false, true},
    {"devdetails", api_devdetails, false, true},
    {"stats", api_stats, false, true},
    {"estats", api_stats, false, true},
    {"check", api_check, false, false},
    {"coin", api_coin, false, true},
    {"zero", api_zero, true, false},
    {"lcd", api_lcd, false, true},
    {NULL, NULL, false, false},
};

const struct api_command *api_command_find(const char *name)
{
    for (const struct api_command *c = api_commands; c->name; c++)
        if (!strcmp(c->name, name))
            return c;
    return NULL;
}

static bool allowed(const struct api_call *call, const struct api_command *command)
{
    return call->right == API_WRITE || !command->privileged;
}

static void api_check(struct api_call *call)
{
    const struct api_command *command = api_command_find(call->parameter);

    if (!*call->parameter) {
        api_status(call, API_ERROR, API_CODE_MISCHK, "Missing check cmd");
        return;
    }
    api_status(call, API_SUCCESS, API_CODE_CHECK, "Check command");
    api_reply_section(call->reply, "CHECK");
    api_reply_item(call->reply, "CHECK");
    api_reply_string(call->reply, "Exists", command ? "Y" : "N");
    api_reply_string(call->reply, "Access", command && allowed(call, command) ? "Y" : "N");
    api_reply_end_item(call->reply);
    api_reply_end_section(call->reply);
}

/*
 * How many bytes of a JSON object that begins text there are up to its end; 0
 * where it has none. Counts brackets outside strings alone: whether it is JSON, the
 * parser says.
 */
static size_t object_size(struct bytes text)
{
    size_t depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];

        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '['))
            depth++;
        else if (!quoted && (c == '}' || c == ']') && --depth == 0)
            return i + 1;
    }
    return 0;
}

static bool copy(char *out, size_t size, struct bytes text)
{
    if (text.size >= size || (text.size > 0 && memchr(text.data, '\0', text.size)))
        return false;
    if (text.size > 0)
        memcpy(out, text.data, text.size);
    out[text.size] = '\0';
    return true;
}

static bool copy_json(char *out, size_t size, const json_t *value)
{
    return copy(out, size, bytes_of(json_string_value(value), json_string_length(value)));
}

/* Into request->parameter; false where it is neither text nor a whole number, or too long. */
static bool read_parameter(struct request *request, const json_t *parameter)
{
    if (json_is_string(parameter))
        return copy_json(request->parameter, sizeof(request->parameter), parameter);
    if (json_is_integer(parameter))
        snprintf(request->parameter, sizeof(request->parameter), "%lld",
                 (long long)json_integer_value(parameter));
    return !parameter || json_is_null(parameter) || json_is_integer(parameter);
}

/* False with the answer given. */
static bool read_json(struct request *request, struct api_call *call, struct bytes text)
{
    json_t *root = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    const json_t *command = json_object_get(root, "command");
    bool good = false;

    if (!json_is_object(root))
        api_status(call, API_ERROR, API_CODE_INVJSON, "Invalid JSON");
    else if (!command)
        api_status(call, API_ERROR, API_CODE_MISCMD, "Missing JSON 'command'");
    else if (!json_is_string(command) || json_string_length(command) == 0 ||
             !copy_json(request->command, sizeof(request->command), command))
        api_status(call, API_ERROR, API_CODE_INVCMD, "Invalid command");
    else if (!read_parameter(request, json_object_get(root, "parameter")))
        api_status(call, API_ERROR, API_CODE_INVJSON, "Invalid JSON: parameter");
    else
        good = true;
    json_decref(root);
    return good;
}

/*
 * Whether a line is the first of an HTTP request. Browsers send any word as a
 * method where a page's name was made to lead here, "quit|" too: none is a command.
 */
static bool is_http(struct bytes text)
{
    static const char mark[] = " HTTP/1.";
    const size_t size = sizeof(mark) - 1;

    return text.size > size && memcmp(text.data + text.size - size - 1, mark, size) == 0;
}

/* "command|parameter"; false with the answer given. */
static bool read_text(struct request *request, struct api_call *call, struct bytes text)
{
    const uint8_t *bar = text.size > 0 ? memchr(text.data, '|', text.size) : NULL;
    size_t size = bar ? (size_t)(bar - text.data) : text.size, rest = text.size - size;

    if (!is_http(text) &&
        copy(request->command, sizeof(request->command), bytes_of(text.data, size)) &&
        copy(request->parameter, sizeof(request->parameter),
             bar ? bytes_of(bar + 1, rest - 1) : bytes_of(NULL, 0)))
        return true;
    api_status(call, API_ERROR, API_CODE_INVCMD, "Invalid command");
    return false;
}

/* One command of a request that has no other. */
static void run_alone(struct api_call *call, const char *name)
{
    const struct api_command *command = api_command_find(name);

    if (!command)
        api_status(call, API_ERROR, API_CODE_INVCMD, "Invalid command");
    else if (!allowed(call, command))
        api_status(call, API_ERROR, API_CODE_ACCDENY, "Access denied to '%s' command",
                   command->name);
    else
        command->run(call);
}

/* "a+b": the answer of each under its name, of each name once; empty ones are passed over. */
static void run_joined(struct api_call *call, char *names)
{
    const char *seen[API_COMMAND_SIZE / 2]; /* each took a character and a '+' */
    size_t count = 0;
    char *next = names;

    call->parameter = "";
    while (next) {
        char *name = next, *end = strchr(name, '+');
        const struct api_command *command;
        bool again = !*name || end == name;

        next = end ? end + 1 : NULL;
        if (end)
            *end = '\0';
        for (size_t i = 0; i < count; i++)
            again = again || !strcmp(seen[i], name);
        if (again)
            continue;
        seen[count++] = name;
        command = api_command_find(name);
        api_reply_open(call->reply, name);
        if (command && !command->joinable)
            api_status(call, API_ERROR, API_CODE_ACCDENY, "Access denied to '%s' command", name);
        else
            run_alone(call, name);
        api_reply_close(call->reply, name);
    }
}

/* cgminer's answer to this is an object of another form. */
static void run_quit(struct api_call *call)
{
    if (call->reply->json) {
        json_writer_key(&call->reply->w, "STATUS");
        json_writer_string(&call->reply->w, "BYE");
    } else {
        api_reply_item(call->reply, "BYE");
    }
    api_quit(call);
}

static void run(struct api_call *call, struct request *request)
{
    call->parameter = request->parameter;
    if (strchr(request->command, '+'))
        run_joined(call, request->command);
    else if (!strcmp(request->command, "quit") && call->right == API_WRITE)
        run_quit(call);
    else
        run_alone(call, request->command);
}

/* The request without what follows it; false where it is not complete. */
static bool delimit(struct bytes *request, bool all)
{
    size_t start = 0, end;

    while (start < request->size && strchr(" \t\r\n", request->data[start]) && request->data[start])
        start++;
    request->data += start;
    request->size -= start;
    if (request->size > 0 && request->data[0] == '{') {
        end = object_size(*request);
        if (end == 0)
            return all;
        request->size = end;
        return true;
    }
    for (end = 0; end < request->size; end++)
        if (request->data[end] == '\n' || request->data[end] == '\0')
            break;
    if (end == request->size && !all)
        return false;
    while (end > 0 && request->data[end - 1] == '\r')
        end--;
    request->size = end;
    return true;
}

enum server_verdict api_answer(const struct api_source *source, enum api_right right,
                               struct bytes bytes, bool all, struct server_answer *answer)
{
    struct request request = {.json = false};
    struct monitor_report *report;
    struct api_reply reply;
    struct api_call call = {.reply = &reply, .source = source, .right = right, .parameter = ""};
    bool good;

    if (bytes.size == 0 || !delimit(&bytes, all))
        return all ? SERVER_DROP : SERVER_MORE;
    report = source->report_fn(source->arg);
    if (!report)
        return SERVER_DROP;
    call.report = report;
    request.json = bytes.size > 0 && bytes.data[0] == '{';
    api_reply_init(&reply, request.json);
    api_reply_open(&reply, NULL);
    good = request.json ? read_json(&request, &call, bytes) : read_text(&request, &call, bytes);
    if (good)
        run(&call, &request);
    api_reply_close(&reply, NULL);
    explicit_bzero(&request, sizeof(request));
    free(report);
    return api_reply_finish(&reply, answer) ? SERVER_ANSWER : SERVER_DROP;
}
