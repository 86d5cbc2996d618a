/*
 * The API in the form of cgminer's (its API-README, version 3.7 of the API), so
 * that what watches cgminer watches this: one request a connection, as JSON
 * or as text, answered and closed.
 *
 *     {"command":"summary","parameter":""}  ->  {"STATUS":[{...}],"SUMMARY":[{...}],"id":1}\0
 *     pools|                                ->  STATUS=S,...|POOL=0,URL=...,...|\0
 *     devs+pools                            ->  each answer under its command's name
 *
 * Names, order and types of the fields are cgminer's. Where it has ASICs ("ASC")
 * there are processors ("CPU") and OpenCL devices ("GPU") here, as in
 * cgminer's versions that had them. Commands that change something want
 * privileged access.
 */
#ifndef MINING_API_H
#define MINING_API_H

#include "mining/monitor.h"
#include "mining/server.h"

enum {
    API_PORT = 4028,
    API_MAX_RULES = 64,
    API_ERROR_SIZE = SERVER_ERROR_SIZE,
};

/* Who may ask, and who may change something: the first rule that fits an address decides. */
struct api_access {
    size_t count;
    struct api_rule {
        uint8_t address[16]; /* IPv4 mapped into IPv6 */
        unsigned bits;       /* of the address that count, 0 to 128 */
        bool privileged;
    } rule[API_MAX_RULES];
};

/*
 * Reads cgminer's --api-allow: "W:127.0.0.1,R:10.0.0/8,[2001:db8::]/32,0/0". Without a
 * group, or with R, an address may ask; with W it may do everything. IPv4
 * addresses are padded with zeros; 0/0 is every address. False, with the reason in
 * error, where anything in it is malformed.
 */
bool api_access_parse(struct api_access *access, const char *text,
                      char error[static API_ERROR_SIZE]);

enum api_right { API_NONE, API_READ, API_WRITE };

enum api_right api_access_of(const struct api_access *access, const uint8_t address[static 16]);

/* What a run tells the API. */
struct api_source {
    const struct mining_control *control;
    const char *version;     /* "0.1.0" */
    const char *description; /* of each answer's STATUS: "exs-miner 0.1.0" */
    const char *strategy;    /* of cgminer's names: "Failover", "Round Robin", "Load Balance" */
    void *arg;               /* of what follows; all of it is called on the API's thread */
    struct monitor_report *(*report_fn)(void *arg); /* as monitor_read */
    void (*zero_fn)(void *arg, bool best_alone);    /* as monitor_zero */
    void (*quit_fn)(void *arg);                     /* ends the program, not at once */
};

struct api;

/*
 * Listens on bind ("127.0.0.1:4028"; the port may lack). What access and source
 * point to must outlive the API; they themselves are copied. NULL, with the reason
 * in error, as server_create.
 */
struct api *api_create(const char *bind, const struct api_access *access,
                       const struct api_source *source, struct log *log,
                       char error[static API_ERROR_SIZE]);
void api_destroy(struct api *api);

/* Where it listens: "127.0.0.1:4028". */
const char *api_name(const struct api *api);

#endif
