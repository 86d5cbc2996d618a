/* What the API's files share: a reply in both forms, and the commands; for api*.c, its tests and its fuzz target. */
#ifndef MINING_API_IMPL_H
#define MINING_API_IMPL_H

#include "base/json_writer.h"
#include "mining/api.h"

enum {
    API_PARAMETER_SIZE = 1024,
    API_COMMAND_SIZE = 256, /* names joined with '+' included */
};

/* cgminer's numbers of replies; from 1000 on our own. */
enum api_code {
    API_CODE_GPUNON = 6,
    API_CODE_POOL = 7,
    API_CODE_NOPOOL = 8,
    API_CODE_DEVS = 9,
    API_CODE_NODEVS = 10,
    API_CODE_SUMM = 11,
    API_CODE_INVCMD = 14,
    API_CODE_MISID = 15,
    API_CODE_CPUNON = 16,
    API_CODE_GPUDEV = 17,
    API_CODE_CPUDEV = 18,
    API_CODE_INVCPU = 19,
    API_CODE_NUMGPU = 20,
    API_CODE_NUMCPU = 21,
    API_CODE_VERSION = 22,
    API_CODE_INVJSON = 23,
    API_CODE_MISCMD = 24,
    API_CODE_MISPID = 25,
    API_CODE_INVPID = 26,
    API_CODE_SWITCHP = 27,
    API_CODE_MINECONFIG = 33,
    API_CODE_ACCDENY = 45,
    API_CODE_ACCOK = 46,
    API_CODE_ENAPOOL = 47,
    API_CODE_DISPOOL = 48,
    API_CODE_ALRENAP = 49,
    API_CODE_ALRDISP = 50,
    API_CODE_DISLASTP = 51,
    API_CODE_MISPDP = 52,
    API_CODE_INVPDP = 53,
    API_CODE_TOOMANYP = 54,
    API_CODE_ADDPOOL = 55,
    API_CODE_PGANON = 56,
    API_CODE_NUMPGA = 59,
    API_CODE_NOTIFY = 60,
    API_CODE_REMLASTP = 66,
    API_CODE_ACTPOOL = 67,
    API_CODE_REMPOOL = 68,
    API_CODE_DEVDETAILS = 69,
    API_CODE_MINESTATS = 70,
    API_CODE_MISCHK = 71,
    API_CODE_CHECK = 72,
    API_CODE_POOLPRIO = 73,
    API_CODE_DUPPID = 74,
    API_CODE_MINECOIN = 78,
    API_CODE_ZERMIS = 94,
    API_CODE_ZERINV = 95,
    API_CODE_ZERSUM = 96,
    API_CODE_ZERNOSUM = 97,
    API_CODE_NUMASC = 104,
    API_CODE_ASCNON = 105,
    API_CODE_LCD = 125,
    API_CODE_REFUSED = 1000, /* the run can't do it; the message says why */
};

enum api_severity { API_SUCCESS = 'S', API_INFO = 'I', API_WARNING = 'W', API_ERROR = 'E' };

/*
 * A reply in JSON or in text, written once for both:
 *
 *     api_reply_section(r, "SUMMARY");     {..."SUMMARY":[
 *     api_reply_item(r, "SUMMARY");        {                       SUMMARY,
 *     api_reply_int(r, "Elapsed", 5);      "Elapsed":5             Elapsed=5
 *     api_reply_end_item(r);               }                       |
 *     api_reply_end_section(r);            ]
 */
struct api_reply {
    bool json;
    struct json_writer w; /* where json */
    char *text;           /* else; zero-terminated */
    size_t size, capacity;
    bool failed; /* memory lacked */
    bool begun;  /* the item has a field */
};

void api_reply_init(struct api_reply *r, bool json);

/* Ends the reply and hands it over with the zero byte that cgminer ends it with; false where memory lacked. */
bool api_reply_finish(struct api_reply *r, struct server_answer *answer);

/* A complete answer with STATUS in it begins with open; name is its command's where answers are joined, else NULL. */
void api_reply_open(struct api_reply *r, const char *name);
void api_reply_close(struct api_reply *r, const char *name);

void api_reply_section(struct api_reply *r, const char *name);
void api_reply_end_section(struct api_reply *r);

/* title: what an item in text begins with where its section is not numbered; else NULL. */
void api_reply_item(struct api_reply *r, const char *title);
void api_reply_end_item(struct api_reply *r);

void api_reply_string(struct api_reply *r, const char *name, const char *value);
void api_reply_int(struct api_reply *r, const char *name, int64_t value);
void api_reply_uint(struct api_reply *r, const char *name, uint64_t value);
void api_reply_bool(struct api_reply *r, const char *name, bool value);
/* With so many decimals; 0 where it is not finite. */
void api_reply_fixed(struct api_reply *r, const char *name, double value, int decimals);

/* What a command works with. */
struct api_call {
    struct api_reply *reply;
    const struct api_source *source;
    const struct monitor_report *report;
    enum api_right right;
    const char *parameter; /* "" where there is none */
};

void api_status(struct api_call *call, enum api_severity severity, enum api_code code,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

typedef void api_command_fn(struct api_call *call);

struct api_command {
    const char *name;
    api_command_fn *run;
    bool privileged;
    bool joinable; /* a report without parameters */
};

/* Ended by one without a name. */
extern const struct api_command api_commands[];

const struct api_command *api_command_find(const char *name);

/* api_reports.c */
api_command_fn api_version, api_config, api_summary, api_devs, api_pools, api_stats, api_coin,
    api_notify, api_devdetails, api_lcd, api_cpu, api_gpu, api_asc, api_pga, api_cpucount,
    api_gpucount, api_asccount, api_pgacount;

/* api_actions.c */
api_command_fn api_switchpool, api_enablepool, api_disablepool, api_addpool, api_removepool,
    api_poolpriority, api_zero, api_privileged;

/*
 * Answers a request, or says that it is not complete; as server_request_fn. right
 * must not be API_NONE.
 */
enum server_verdict api_answer(const struct api_source *source, enum api_right right,
                               struct bytes request, bool all, struct server_answer *answer);

#endif
