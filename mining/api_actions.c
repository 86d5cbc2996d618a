/* The commands that change something. What a run can't do is refused with its own words. */
#include "mining/api_impl.h"

#include <stdio.h>
#include <stdlib.h>

static const struct mining_source_status *source_at(const struct api_call *call, size_t index)
{
    return &call->report->status.source[index];
}

/* Digits alone, and a source's number. */
static bool parse_index(const char *text, size_t size, size_t count, size_t *index)
{
    *index = 0;
    if (size == 0 || size > 4)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *index = *index * 10 + (size_t)(text[i] - '0');
    }
    return *index < count;
}

/* The source that the parameter names; false with the answer given. */
static bool take_index(struct api_call *call, size_t *index)
{
    size_t count = call->report->status.source_count;

    if (count == 0)
        api_status(call, API_ERROR, API_CODE_NOPOOL, "No pools");
    else if (!*call->parameter)
        api_status(call, API_ERROR, API_CODE_MISPID, "Missing pool id parameter");
    else if (!parse_index(call->parameter, strlen(call->parameter), count, index))
        api_status(call, API_ERROR, API_CODE_INVPID, "Invalid pool id %.20s - range is 0 - %zu",
                   call->parameter, count - 1);
    else
        return true;
    return false;
}

static void refuse(struct api_call *call, const char *text)
{
    api_status(call, API_ERROR, API_CODE_REFUSED, "%s", text);
}

static void refuse_kind(struct api_call *call)
{
    refuse(call, "This run cannot change its pools or nodes");
}

void api_switchpool(struct api_call *call)
{
    const struct mining_control *control = call->source->control;
    char text[MINING_CONTROL_TEXT_SIZE] = "";
    size_t index;

    if (!take_index(call, &index))
        return;
    if (!control->switch_source)
        refuse_kind(call);
    else if (control->switch_source(control->arg, index, text))
        api_status(call, API_SUCCESS, API_CODE_SWITCHP, "Switching to pool %zu:'%s'", index,
                   source_at(call, index)->url);
    else
        refuse(call, text);
}

static size_t enabled_sources(const struct api_call *call)
{
    size_t count = 0;

    for (size_t i = 0; i < call->report->status.source_count; i++)
        count += source_at(call, i)->enabled;
    return count;
}

static void enable(struct api_call *call, bool on)
{
    const struct mining_control *control = call->source->control;
    char text[MINING_CONTROL_TEXT_SIZE] = "";
    const char *url;
    size_t index;

    if (!take_index(call, &index))
        return;
    url = source_at(call, index)->url;
    if (!control->enable_source)
        refuse_kind(call);
    else if (source_at(call, index)->enabled == on)
        api_status(call, API_INFO, on ? API_CODE_ALRENAP : API_CODE_ALRDISP,
                   "Pool %zu:'%s' already %s", index, url, on ? "enabled" : "disabled");
    else if (!on && enabled_sources(call) <= 1)
        api_status(call, API_ERROR, API_CODE_DISLASTP, "Cannot disable last active pool %zu:'%s'",
                   index, url);
    else if (control->enable_source(control->arg, index, on, text))
        api_status(call, API_SUCCESS, on ? API_CODE_ENAPOOL : API_CODE_DISPOOL, "%s pool %zu:'%s'",
                   on ? "Enabling" : "Disabling", index, url);
    else
        refuse(call, text);
}

void api_enablepool(struct api_call *call) { enable(call, true); }

void api_disablepool(struct api_call *call) { enable(call, false); }

void api_removepool(struct api_call *call)
{
    const struct mining_control *control = call->source->control;
    char text[MINING_CONTROL_TEXT_SIZE] = "";
    const char *url;
    size_t index;

    if (!take_index(call, &index))
        return;
    url = source_at(call, index)->url;
    if (!control->remove_source)
        refuse_kind(call);
    else if (call->report->status.source_count <= 1)
        api_status(call, API_ERROR, API_CODE_REMLASTP, "Cannot remove last pool %zu:'%s'", index,
                   url);
    else if (control->remove_source(control->arg, index, text))
        api_status(call, API_SUCCESS, API_CODE_REMPOOL, "Removed pool %zu:'%s'", index, url);
    else
        refuse(call, text);
}

/* Takes "URL,USR,PASS" apart, where a backslash makes the next character an ordinary one. False where one lacks. */
static bool split_details(char *text, char *part[static 3])
{
    char *out = text;
    size_t parts = 0;

    part[0] = text;
    for (; *text; text++) {
        if (*text == ',' && parts < 2) {
            *out++ = '\0';
            part[++parts] = out;
            continue;
        }
        if (*text == '\\' && text[1])
            text++;
        *out++ = *text;
    }
    *out = '\0';
    return parts == 2 && *part[0];
}

void api_addpool(struct api_call *call)
{
    const struct mining_control *control = call->source->control;
    char text[MINING_CONTROL_TEXT_SIZE] = "", details[API_PARAMETER_SIZE], *part[3];
    struct mining_status *now;
    size_t last;

    snprintf(details, sizeof(details), "%s", call->parameter);
    if (!*call->parameter) {
        api_status(call, API_ERROR, API_CODE_MISPDP, "Missing addpool details");
    } else if (!split_details(details, part)) {
        /* cgminer repeats them; here a password may be among them. */
        api_status(call, API_ERROR, API_CODE_INVPDP,
                   "Invalid addpool details: they are URL,USER,PASSWORD");
    } else if (!control->add_source) {
        refuse_kind(call);
    } else if (call->report->status.source_count >= MINING_MAX_SOURCES) {
        api_status(call, API_ERROR, API_CODE_TOOMANYP, "Reached maximum number of pools (%d)",
                   MINING_MAX_SOURCES);
    } else if (!control->add_source(control->arg, part[0], part[1], part[2], text)) {
        refuse(call, text);
    } else {
        now = calloc(1, sizeof(*now));
        if (now)
            control->status(control->arg, now);
        last = now && now->source_count > 0 ? now->source_count - 1
                                            : call->report->status.source_count;
        /* As the run tells it: without a user or password. */
        api_status(call, API_SUCCESS, API_CODE_ADDPOOL, "Added pool %zu: '%s'", last,
                   now ? now->source[last].url : "");
        free(now);
    }
    explicit_bzero(details, sizeof(details));
}

/* The first of them is made the first last, so that each stands before those that follow it. */
static bool prioritise(struct api_call *call, const size_t *order, size_t count, char *text)
{
    const struct mining_control *control = call->source->control;

    while (count-- > 0)
        if (!control->switch_source(control->arg, order[count], text))
            return false;
    return true;
}

void api_poolpriority(struct api_call *call)
{
    size_t count = call->report->status.source_count, order[MINING_MAX_SOURCES], orders = 0, index;
    char text[MINING_CONTROL_TEXT_SIZE] = "";
    bool listed[MINING_MAX_SOURCES] = {false};
    const char *at = call->parameter;

    if (count == 0 || !*at) {
        take_index(call, &index);
        return;
    }
    while (*at) {
        size_t size = strcspn(at, ",");

        if (!parse_index(at, size, count, &index)) {
            api_status(call, API_ERROR, API_CODE_INVPID, "Invalid pool id %.*s - range is 0 - %zu",
                       size < 20 ? (int)size : 20, at, count - 1);
            return;
        }
        if (listed[index]) {
            api_status(call, API_ERROR, API_CODE_DUPPID, "Duplicate pool specified %zu", index);
            return;
        }
        listed[index] = true;
        order[orders++] = index;
        at += size;
        at += *at == ',';
    }
    if (!call->source->control->switch_source)
        refuse_kind(call);
    else if (prioritise(call, order, orders, text))
        api_status(call, API_SUCCESS, API_CODE_POOLPRIO, "Changed pool priorities");
    else
        refuse(call, text);
}

void api_zero(struct api_call *call)
{
    const char *comma = strchr(call->parameter, ',');
    size_t size = comma ? (size_t)(comma - call->parameter) : strlen(call->parameter);
    bool all = size == 3 && strncasecmp(call->parameter, "all", size) == 0;
    bool best = size == 9 && strncasecmp(call->parameter, "bestshare", size) == 0;
    bool summary = comma && strcasecmp(comma + 1, "true") == 0;

    if (!*call->parameter) {
        api_status(call, API_ERROR, API_CODE_ZERMIS, "Missing zero parameters");
    } else if (!all && !best) {
        api_status(call, API_ERROR, API_CODE_ZERINV, "Invalid zero parameter '%.*s'",
                   size < 20 ? (int)size : 20, call->parameter);
    } else if (!comma) {
        api_status(call, API_ERROR, (enum api_code)75, "Missing parameter: true/false");
    } else if (!summary && strcasecmp(comma + 1, "false") != 0) {
        api_status(call, API_ERROR, (enum api_code)76, "Invalid parameter should be true or false");
    } else {
        call->source->zero_fn(call->source->arg, best);
        api_status(call, API_SUCCESS, summary ? API_CODE_ZERSUM : API_CODE_ZERNOSUM,
                   "Zeroed %s stats with%s summary", all ? "All" : "BestShare",
                   summary ? "" : "out");
    }
}

void api_privileged(struct api_call *call)
{
    api_status(call, API_SUCCESS, API_CODE_ACCOK, "Privileged access OK");
}
