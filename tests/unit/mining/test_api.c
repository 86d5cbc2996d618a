#include "mining/api_impl.h"
#include "tests/unit/mining/report.h"
#include "tests/unit/mining/support.h"

#include <stdio.h>
#include <stdlib.h>

struct fixture {
    struct report_control control;
    struct mining_control functions;
    struct api_source source;
    bool quit, zeroed, best_alone, no_memory, absurd;
};

static struct monitor_report *give_report(void *arg)
{
    struct fixture *f = arg;
    struct monitor_report *report = f->no_memory ? NULL : report_example();

    if (report && f->absurd)
        report->status.source[0].counts.rejected_difficulty = 1e300;
    return report;
}

static void note_zero(void *arg, bool best_alone)
{
    struct fixture *f = arg;

    f->zeroed = true;
    f->best_alone = best_alone;
}

static void note_quit(void *arg) { ((struct fixture *)arg)->quit = true; }

static void prepare(struct fixture *f)
{
    struct monitor_report *report = report_example();

    *f = (struct fixture){.control = {.succeeds = true}};
    f->control.status = report->status;
    free(report);
    f->functions = report_control(&f->control);
    f->source = (struct api_source){.control = &f->functions,
                                    .version = "1.2.3",
                                    .description = "exs-miner 1.2.3",
                                    .strategy = "Failover",
                                    .arg = f,
                                    .report_fn = give_report,
                                    .zero_fn = note_zero,
                                    .quit_fn = note_quit};
}

/* The answer's text, which ends with its zero byte; free() it. */
static char *ask(struct fixture *f, enum api_right right, const char *request)
{
    struct server_answer answer = {0};

    assert_int_equal(
        api_answer(&f->source, right, bytes_of(request, strlen(request)), true, &answer),
        SERVER_ANSWER);
    assert_non_null(answer.data);
    assert_int_equal(answer.data[answer.size - 1], 0);
    assert_int_equal(strlen(answer.data), answer.size - 1);
    return answer.data;
}

static json_t *ask_json(struct fixture *f, enum api_right right, const char *request)
{
    char *text = ask(f, right, request);
    json_t *answer = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    if (!answer)
        fail_msg("no JSON: %s", text);
    free(text);
    return answer;
}

static json_t *command(struct fixture *f, enum api_right right, const char *name,
                       const char *parameter)
{
    json_t *request = json_pack("{ss ss}", "command", name, "parameter", parameter);
    char *text = json_dumps(request, 0);
    json_t *answer = ask_json(f, right, text);

    free(text);
    json_decref(request);
    return answer;
}

/* STATUS, checked; its Code. */
static int code_of(const json_t *answer, const char *letter)
{
    const json_t *status = json_array_get(json_object_get(answer, "STATUS"), 0);

    assert_int_equal(json_integer_value(json_object_get(answer, "id")), 1);
    assert_int_equal(json_array_size(json_object_get(answer, "STATUS")), 1);
    assert_string_equal(json_string_value(json_object_get(status, "STATUS")), letter);
    assert_int_equal(json_integer_value(json_object_get(status, "When")), 1700000060);
    assert_string_equal(json_string_value(json_object_get(status, "Description")),
                        "exs-miner 1.2.3");
    assert_true(json_is_string(json_object_get(status, "Msg")));
    return (int)json_integer_value(json_object_get(status, "Code"));
}

static int ask_code(struct fixture *f, enum api_right right, const char *name,
                    const char *parameter, const char *letter)
{
    json_t *answer = command(f, right, name, parameter);
    int code = code_of(answer, letter);

    json_decref(answer);
    return code;
}

/*
 * The fields of a section in their order, each with its type: i an integer, f a
 * number with decimals, s a string, b a boolean. cgminer 4.11's, from its api.c.
 */
static void check_fields(const json_t *item, const char *fields)
{
    const char *at = fields, *key;
    json_t *value, *object = json_deep_copy(item);

    json_object_foreach(object, key, value)
    {
        size_t size = strcspn(at, ":");
        char type = at[size + 1];

        if (strlen(key) != size || memcmp(key, at, size) != 0)
            fail_msg("field \"%s\" stands where \"%.*s\" should", key, (int)size, at);
        if (type == 'i'   ? !json_is_integer(value)
            : type == 'f' ? !json_is_real(value)
            : type == 's' ? !json_is_string(value)
                          : !json_is_boolean(value))
            fail_msg("field \"%s\" is not of type %c", key, type);
        at += size + 2;
        at += *at == ',';
    }
    assert_string_equal(at, "");
    json_decref(object);
}

#define RATES "MHS av:f,MHS 5s:f,MHS 1m:f,MHS 5m:f,MHS 15m:f,"
#define DEVICE                                                                                     \
    "Name:s,ID:i,Enabled:s,Status:s,Temperature:f," RATES                                          \
    "Accepted:i,Rejected:i,Hardware Errors:i,Utility:f,Last Share Pool:i,Last Share Time:i,"       \
    "Total MH:f,Diff1 Work:i,Difficulty Accepted:f,Difficulty Rejected:f,"                         \
    "Last Share Difficulty:f,No Device:b,Last Valid Work:i,Device Hardware%:f,"                    \
    "Device Rejected%:f,Device Elapsed:i"

static const struct {
    const char *command, *section, *fields;
    int code, entry;
    size_t entries;
} reports[] = {
    {"version", "VERSION", "Miner:s,CGMiner:s,API:s", 22, 0, 1},
    {"config", "CONFIG",
     "CPU Count:i,GPU Count:i,ASC Count:i,PGA Count:i,Pool Count:i,Strategy:s,Log Interval:i,"
     "Device Code:s,OS:s,Hotplug:s",
     33, 0, 1},
    {"summary", "SUMMARY",
     "Elapsed:i," RATES
     "Found Blocks:i,Getworks:i,Accepted:i,Rejected:i,Hardware Errors:i,Utility:f,Discarded:i,"
     "Stale:i,Get Failures:i,Local Work:i,Remote Failures:i,Network Blocks:i,Total MH:f,"
     "Work Utility:f,Difficulty Accepted:f,Difficulty Rejected:f,Difficulty Stale:f,Best Share:i,"
     "Device Hardware%:f,Device Rejected%:f,Pool Rejected%:f,Pool Stale%:f,Last getwork:i",
     11, 0, 1},
    {"devs", "DEVS", "CPU:i," DEVICE, 9, 0, 3},
    {"edevs", "DEVS", "CPU:i," DEVICE, 9, 1, 3},
    {"devs", "DEVS", "GPU:i," DEVICE, 9, 2, 3},
    {"pools", "POOLS",
     "POOL:i,URL:s,Status:s,Priority:i,Quota:i,Long Poll:s,Getworks:i,Accepted:i,Rejected:i,"
     "Works:i,Discarded:i,Stale:i,Get Failures:i,Remote Failures:i,User:s,Last Share Time:i,"
     "Diff1 Shares:i,Proxy Type:s,Proxy:s,Difficulty Accepted:f,Difficulty Rejected:f,"
     "Difficulty Stale:f,Last Share Difficulty:f,Work Difficulty:f,Has Stratum:b,"
     "Stratum Active:b,Stratum URL:s,Stratum Difficulty:f,Has Vmask:b,Has GBT:b,Best Share:i,"
     "Pool Rejected%:f,Pool Stale%:f,Bad Work:i,Current Block Height:i,Current Block Version:i",
     7, 2, 3},
    {"stats", "STATS", "STATS:i,ID:s,Elapsed:i,Calls:i,Wait:f,Max:f,Min:f", 70, 0, 6},
    {"estats", "STATS",
     "STATS:i,ID:s,Elapsed:i,Calls:i,Wait:f,Max:f,Min:f,Pool Calls:i,Pool Attempts:i,Work Diff:f,"
     "Reject Reasons:s,Trouble:s",
     70, 3, 6},
    {"coin", "COIN",
     "Hash Method:s,Current Block Time:f,Current Block Hash:s,LP:b,Network Difficulty:f", 78, 0, 1},
    {"notify", "NOTIFY",
     "NOTIFY:i,Name:s,ID:i,Last Well:i,Last Not Well:i,Reason Not Well:s,*Thread Fail Init:i,"
     "*Thread Zero Hash:i,*Thread Fail Queue:i,*Dev Sick Idle 60s:i,*Dev Dead Idle 600s:i,"
     "*Dev Nostart:i,*Dev Over Heat:i,*Dev Thermal Cutoff:i,*Dev Comms Error:i,*Dev Throttle:i",
     60, 0, 3},
    {"devdetails", "DEVDETAILS", "DEVDETAILS:i,Name:s,ID:i,Driver:s,Kernel:s,Model:s,Device Path:s",
     69, 2, 3},
    {"lcd", "LCD",
     "Elapsed:i,GHS av:f,GHS 5m:f,GHS 5s:f,Temperature:f,Last Share Difficulty:f,"
     "Last Share Time:i,Best Share:i,Last Valid Work:i,Found Blocks:i,Current Pool:s,User:s",
     125, 0, 1},
    {"cpucount", "CPUS", "Count:i", 21, 0, 1},
    {"gpucount", "GPUS", "Count:i", 20, 0, 1},
    {"asccount", "ASCS", "Count:i", 104, 0, 1},
    {"pgacount", "PGAS", "Count:i", 59, 0, 1},
};

static void reports_have_their_fields(void **state)
{
    struct fixture f;

    (void)state;
    prepare(&f);
    for (size_t i = 0; i < sizeof(reports) / sizeof(*reports); i++) {
        json_t *answer = command(&f, API_READ, reports[i].command, "");
        const json_t *section = json_object_get(answer, reports[i].section);

        assert_int_equal(code_of(answer, "S"), reports[i].code);
        assert_int_equal(json_object_size(answer), 3);
        assert_int_equal(json_array_size(section), reports[i].entries);
        check_fields(json_array_get(section, (size_t)reports[i].entry), reports[i].fields);
        json_decref(answer);
    }
}

static const json_t *field(const json_t *answer, const char *section, size_t entry,
                           const char *name)
{
    return json_object_get(json_array_get(json_object_get(answer, section), entry), name);
}

static void values_are_the_reports(void **state)
{
    struct fixture f;
    json_t *answer;

    (void)state;
    prepare(&f);
    answer = command(&f, API_READ, "summary", "");
    assert_int_equal(json_integer_value(field(answer, "SUMMARY", 0, "Elapsed")), 60);
    assert_true(json_real_value(field(answer, "SUMMARY", 0, "MHS 5s")) == 24);
    assert_int_equal(json_integer_value(field(answer, "SUMMARY", 0, "Accepted")), 30);
    assert_int_equal(json_integer_value(field(answer, "SUMMARY", 0, "Hardware Errors")), 3);
    assert_int_equal(json_integer_value(field(answer, "SUMMARY", 0, "Getworks")), 303);
    assert_int_equal(json_integer_value(field(answer, "SUMMARY", 0, "Best Share")), 1234);
    assert_true(json_real_value(field(answer, "SUMMARY", 0, "Pool Stale%")) == 25);
    json_decref(answer);
    answer = command(&f, API_READ, "devs", "");
    assert_true(json_real_value(field(answer, "DEVS", 0, "MHS 5s")) == 12.35);
    assert_true(json_real_value(field(answer, "DEVS", 0, "Temperature")) == 61.5);
    assert_true(json_real_value(field(answer, "DEVS", 1, "Temperature")) == 0);
    assert_int_equal(json_integer_value(field(answer, "DEVS", 1, "Diff1 Work")), 20);
    assert_int_equal(json_integer_value(field(answer, "DEVS", 0, "Last Share Pool")), 1);
    json_decref(answer);
    answer = command(&f, API_READ, "pools", "");
    assert_string_equal(json_string_value(field(answer, "POOLS", 0, "Status")), "Alive");
    assert_string_equal(json_string_value(field(answer, "POOLS", 1, "Status")), "Dead");
    assert_string_equal(json_string_value(field(answer, "POOLS", 2, "Status")), "Disabled");
    assert_string_equal(json_string_value(field(answer, "POOLS", 0, "Stratum URL")),
                        "pool0.example:3333");
    assert_string_equal(json_string_value(field(answer, "POOLS", 2, "Stratum URL")), "");
    assert_string_equal(json_string_value(field(answer, "POOLS", 0, "User")), "worker,0");
    assert_int_equal(json_integer_value(field(answer, "POOLS", 0, "Current Block Height")), 800000);
    json_decref(answer);
    f.absurd = true;
    answer = command(&f, API_READ, "pools", "");
    assert_true(json_integer_value(field(answer, "POOLS", 0, "Diff1 Shares")) == INT64_MAX);
    json_decref(answer);
    answer = command(&f, API_READ, "estats", "");
    assert_string_equal(json_string_value(field(answer, "STATS", 2, "ID")), "GPU0");
    assert_string_equal(json_string_value(field(answer, "STATS", 3, "ID")), "POOL0");
    assert_string_equal(json_string_value(field(answer, "STATS", 3, "Reject Reasons")),
                        "Low|difficulty=share: 2");
    json_decref(answer);
}

static void text_is_escaped(void **state)
{
    struct fixture f;
    char *text;

    (void)state;
    prepare(&f);
    text = ask(&f, API_READ, "version|\n");
    assert_string_equal(text, "STATUS=S,When=1700000060,Code=22,Msg=CGMiner versions,"
                              "Description=exs-miner 1.2.3|VERSION,Miner=exs-miner 1.2.3,"
                              "CGMiner=1.2.3,API=3.7|");
    free(text);
    text = ask(&f, API_READ, "pools");
    assert_non_null(strstr(text, "|POOL=0,URL=stratum+tcp://pool0.example:3333,Status=Alive,"));
    assert_non_null(strstr(text, "User=worker\\,0,"));
    free(text);
    text = ask(&f, API_READ, "stats\r\n");
    assert_non_null(strstr(text, "Reject Reasons=Low\\|difficulty\\=share: 2,"));
    free(text);
}

static void joins(void **state)
{
    struct fixture f;
    json_t *answer;
    char *text;

    (void)state;
    prepare(&f);
    answer = command(&f, API_WRITE, "+summary+devs++summary+nosuch+quit+check", "ignored");
    assert_int_equal(json_object_size(answer), 6);
    assert_int_equal(json_integer_value(json_object_get(answer, "id")), 1);
    assert_int_equal(code_of(json_array_get(json_object_get(answer, "summary"), 0), "S"), 11);
    assert_int_equal(code_of(json_array_get(json_object_get(answer, "devs"), 0), "S"), 9);
    assert_int_equal(code_of(json_array_get(json_object_get(answer, "nosuch"), 0), "E"), 14);
    assert_int_equal(code_of(json_array_get(json_object_get(answer, "quit"), 0), "E"), 45);
    assert_int_equal(code_of(json_array_get(json_object_get(answer, "check"), 0), "E"), 45);
    json_decref(answer);
    assert_false(f.quit);
    text = ask(&f, API_READ, "asccount+pgacount|x");
    assert_non_null(strstr(text, "CMD=asccount|STATUS=S,"));
    assert_non_null(strstr(text, "|ASCS,Count=0|CMD=pgacount|STATUS=S,"));
    free(text);
}

static void malformed_is_refused(void **state)
{
    static const struct {
        const char *request;
        int code;
    } cases[] = {
        {"{", 23},
        {"{\"command\":}", 23},
        {"{\"command\":\"version\"", 23},
        {"{\"command\":\"version\",\"command\":\"quit\"}", 23},
        {"{\"a\":1}", 24},
        {"{\"command\":1}", 14},
        {"{\"command\":\"\"}", 14},
        {"{\"command\":\"nosuch\"}", 14},
        {"{\"command\":\"version\\u0000\"}", 23},
        {"{\"command\":\"version\",\"parameter\":[]}", 23},
        {"{\"command\":\"check\",\"parameter\":1.5}", 23},
    };
    struct fixture f;
    char *text;

    (void)state;
    prepare(&f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        json_t *answer = ask_json(&f, API_WRITE, cases[i].request);

        assert_int_equal(code_of(answer, "E"), cases[i].code);
        json_decref(answer);
    }
    text = ask(&f, API_WRITE, "GET / HTTP/1.1\r\nHost: x\r\n\r\nquit");
    assert_non_null(strstr(text, "Code=14,"));
    free(text);
    /* A page may choose the method, once its name leads to this machine. */
    text = ask(&f, API_WRITE, "quit| / HTTP/1.1\r\nHost: evil.example:4028\r\n\r\n");
    assert_non_null(strstr(text, "Code=14,"));
    free(text);
    assert_false(f.quit);
}

static void waits_for_the_rest(void **state)
{
    static const char whole[] = "{\"command\":\"ver}sion\",\"parameter\":{\"a\":[\"\\\"\"]}}";
    struct server_answer answer = {0};
    struct fixture f;

    (void)state;
    prepare(&f);
    for (size_t size = 0; size + 1 < sizeof(whole) - 1; size++)
        assert_int_equal(api_answer(&f.source, API_READ, bytes_of(whole, size), false, &answer),
                         SERVER_MORE);
    assert_int_equal(
        api_answer(&f.source, API_READ, bytes_of(whole, sizeof(whole) - 1), false, &answer),
        SERVER_ANSWER);
    free(answer.data);
    assert_int_equal(api_answer(&f.source, API_READ, bytes_of("version", 7), false, &answer),
                     SERVER_MORE);
    assert_int_equal(api_answer(&f.source, API_READ, bytes_of("version\n", 8), false, &answer),
                     SERVER_ANSWER);
    free(answer.data);
    assert_int_equal(api_answer(&f.source, API_READ, bytes_of(NULL, 0), true, &answer),
                     SERVER_DROP);
    f.no_memory = true;
    assert_int_equal(api_answer(&f.source, API_READ, bytes_of("version\n", 8), false, &answer),
                     SERVER_DROP);
}

static void readers_change_nothing(void **state)
{
    struct fixture f;
    json_t *answer;
    char *text;

    (void)state;
    prepare(&f);
    for (const struct api_command *c = api_commands; c->name; c++) {
        answer = command(&f, API_READ, c->name, "1");
        if (c->privileged)
            assert_int_equal(code_of(answer, "E"), 45);
        json_decref(answer);
    }
    assert_string_equal(f.control.asked, "");
    assert_false(f.quit || f.zeroed);
    answer = command(&f, API_READ, "check", "quit");
    assert_string_equal(json_string_value(field(answer, "CHECK", 0, "Exists")), "Y");
    assert_string_equal(json_string_value(field(answer, "CHECK", 0, "Access")), "N");
    json_decref(answer);
    answer = command(&f, API_READ, "check", "nosuch");
    assert_string_equal(json_string_value(field(answer, "CHECK", 0, "Exists")), "N");
    json_decref(answer);
    text = ask(&f, API_WRITE, "quit");
    assert_string_equal(text, "BYE");
    free(text);
    assert_true(f.quit);
    text = ask(&f, API_WRITE, "{\"command\":\"quit\"}");
    assert_string_equal(text, "{\"STATUS\":\"BYE\",\"id\":1}");
    free(text);
}

static void pools_are_changed(void **state)
{
    static const struct {
        const char *command, *parameter, *letter, *asked;
        int code;
    } cases[] = {
        {"switchpool", "1", "S", "switch 1", 27},
        {"switchpool", "", "E", "", 25},
        {"switchpool", "3", "E", "", 26},
        {"switchpool", "-1", "E", "", 26},
        {"switchpool", "1x", "E", "", 26},
        {"enablepool", "2", "S", "enable 2", 47},
        {"enablepool", "0", "I", "", 49},
        {"disablepool", "0", "S", "disable 0", 48},
        {"disablepool", "2", "I", "", 50},
        {"removepool", "1", "S", "remove 1", 68},
        {"poolpriority", "2,0", "S", "switch 0; switch 2", 73},
        {"poolpriority", "2,2", "E", "", 74},
        {"poolpriority", "2,9", "E", "", 26},
        {"poolpriority", "", "E", "", 25},
        {"addpool", "", "E", "", 52},
        {"addpool", "url,user", "E", "", 53},
        {"addpool", ",,", "E", "", 53},
        {"addpool", "a\\,b,u\\\\,p,q", "S", "add a,b as u\\ with p,q", 55},
        {"privileged", "", "S", "", 46},
        {"zero", "", "E", "", 94},
        {"zero", "some,true", "E", "", 95},
        {"zero", "all", "E", "", 75},
        {"zero", "all,1", "E", "", 76},
        {"zero", "all,true", "S", "", 96},
        {"zero", "BestShare,false", "S", "", 97},
        {"cpu", "1", "S", "", 18},
        {"cpu", "", "E", "", 15},
        {"cpu", "2", "E", "", 19},
        {"cpu", "99999999999999999999", "E", "", 19},
        {"gpu", "0", "S", "", 17},
        {"gpu", "1", "E", "", 1},
        {"asc", "0", "E", "", 105},
        {"pga", "0", "E", "", 56},
        {"check", "", "E", "", 71},
    };
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        prepare(&f);
        assert_int_equal(
            ask_code(&f, API_WRITE, cases[i].command, cases[i].parameter, cases[i].letter),
            cases[i].code);
        assert_string_equal(f.control.asked, cases[i].asked);
        if (!strcmp(cases[i].command, "zero"))
            assert_true(f.zeroed == !strcmp(cases[i].letter, "S"));
    }
    assert_false(f.zeroed);
}

/* With the run's reason; and a password is never said again. */
static void refusals_are_told(void **state)
{
    static const char *const changes[] = {"switchpool", "disablepool", "removepool",
                                          "poolpriority"};
    struct fixture f;
    char *text;

    (void)state;
    prepare(&f);
    f.control.succeeds = false;
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
        assert_int_equal(ask_code(&f, API_WRITE, changes[i], "0", "E"), 1000);
    text = ask(&f, API_WRITE, "{\"command\":\"addpool\",\"parameter\":\"u,n,secret\"}");
    assert_non_null(strstr(text, "not now"));
    assert_null(strstr(text, "secret"));
    free(text);
    text = ask(&f, API_WRITE, "addpool|secret");
    assert_non_null(strstr(text, "Code=53"));
    assert_null(strstr(text, "secret"));
    free(text);
    f.functions = (struct mining_control){.arg = &f.control, .status = f.functions.status};
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
        assert_int_equal(ask_code(&f, API_WRITE, changes[i], "0", "E"), 1000);
    assert_int_equal(ask_code(&f, API_WRITE, "addpool", "a,b,c", "E"), 1000);
}

static void put_ipv4(uint8_t out[16], uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    memset(out, 0, 10);
    memset(out + 10, 0xff, 2);
    out[12] = a;
    out[13] = b;
    out[14] = c;
    out[15] = d;
}

static void access_is_as_cgminers(void **state)
{
    static const char *const bad[] = {"",         "X:1.2.3.4",  "1.2.3.4.5",   "1.2.3.256",
                                      "1.2.3/33", "[::1",       "[::1]/129",   "1.2.3.4/",
                                      "::1",      "1.2.3.4/-1", "W:",          "1.2.3.4/24x",
                                      "[",        "10..1",      "1.2.3.4/0024"};
    struct api_access access;
    char error[API_ERROR_SIZE];
    uint8_t address[16];

    (void)state;
    assert_true(
        api_access_parse(&access, "W:127.0.0.1, R:10.1/16,192.168.7.9,w:[2001:db8::]/33", error));
    assert_int_equal(access.count, 4);
    put_ipv4(address, 127, 0, 0, 1);
    assert_int_equal(api_access_of(&access, address), API_WRITE);
    put_ipv4(address, 127, 0, 0, 2);
    assert_int_equal(api_access_of(&access, address), API_NONE);
    put_ipv4(address, 10, 1, 200, 3);
    assert_int_equal(api_access_of(&access, address), API_READ);
    put_ipv4(address, 10, 2, 0, 0);
    assert_int_equal(api_access_of(&access, address), API_NONE);
    put_ipv4(address, 192, 168, 7, 9);
    assert_int_equal(api_access_of(&access, address), API_READ);
    memcpy(address, "\x20\x01\x0d\xb8\x7f", 5);
    assert_int_equal(api_access_of(&access, address), API_WRITE);
    address[4] = 0x80;
    assert_int_equal(api_access_of(&access, address), API_NONE);
    assert_true(api_access_parse(&access, "W:10.0.0.1,0/0", error));
    put_ipv4(address, 10, 0, 0, 1);
    assert_int_equal(api_access_of(&access, address), API_WRITE);
    memset(address, 7, sizeof(address));
    assert_int_equal(api_access_of(&access, address), API_READ);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (api_access_parse(&access, bad[i], error))
            fail_msg("\"%s\" was taken", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_have_their_fields), cmocka_unit_test(values_are_the_reports),
        cmocka_unit_test(text_is_escaped),           cmocka_unit_test(joins),
        cmocka_unit_test(malformed_is_refused),      cmocka_unit_test(waits_for_the_rest),
        cmocka_unit_test(readers_change_nothing),    cmocka_unit_test(pools_are_changed),
        cmocka_unit_test(refusals_are_told),         cmocka_unit_test(access_is_as_cgminers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
