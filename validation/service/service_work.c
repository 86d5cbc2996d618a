/*
 * Whose question is next: a ring of the clients that have one waiting and may
 * have one more running. Dispatchers take the first client's first question
 * and put the client last.
 */
#include "validation/service/service_impl.h"

#include "base/clock.h"

#include <unistd.h>

static void queue_add(struct service_queue *queue, struct service_request *request)
{
    request->next = NULL;
    if (queue->last)
        queue->last->next = request;
    else
        queue->first = request;
    queue->last = request;
}

static struct service_request *queue_take(struct service_queue *queue)
{
    struct service_request *request = queue->first;

    queue->first = request->next;
    if (!queue->first)
        queue->last = NULL;
    return request;
}

/* How many dispatchers one client may have: so the others always find one, if there are two. */
static size_t share_of_one(const struct service *service)
{
    return service->dispatchers > 1 ? service->dispatchers / 2 : 1;
}

/* Under the lock, as the next two. */
static void ring_update(struct service_client *client)
{
    struct service *service = client->service;

    if (client->ready || !client->waiting.first || client->running >= share_of_one(service))
        return;
    client->ready = true;
    client->next_ready = NULL;
    if (service->ready_last)
        service->ready_last->next_ready = client;
    else
        service->ready_first = client;
    service->ready_last = client;
    pthread_cond_signal(&service->work);
}

static void ring_remove(struct service_client *client)
{
    struct service *service = client->service;
    struct service_client **at = &service->ready_first, *before = NULL;

    if (!client->ready)
        return;
    while (*at != client) {
        before = *at;
        at = &before->next_ready;
    }
    *at = client->next_ready;
    if (service->ready_last == client)
        service->ready_last = before;
    client->ready = false;
}

static struct service_request *take_next(struct service *service)
{
    struct service_client *client = service->ready_first;
    struct service_request *request;

    if (!client)
        return NULL;
    ring_remove(client);
    request = queue_take(&client->waiting);
    client->running++;
    ring_update(client);
    return request;
}

static void count_answer(struct service *service, const struct service_request *request,
                         uint64_t took_ns)
{
    switch ((enum exs_verify_kind)request->header.type) {
    case EXS_VERIFY_SIGNATURES:
        atomic_fetch_add(&service->count.signatures, 1);
        break;
    case EXS_VERIFY_SCRIPT:
        atomic_fetch_add(&service->count.scripts, 1);
        break;
    case EXS_VERIFY_TRANSACTION:
        atomic_fetch_add(&service->count.transactions, 1);
        break;
    case EXS_VERIFY_BLOCK:
        atomic_fetch_add(&service->count.blocks, 1);
        break;
    case EXS_VERIFY_PING:
    case EXS_VERIFY_STATISTICS:
        break;
    }
    switch (request->answer.outcome) {
    case SERVICE_VALID:
        atomic_fetch_add(&service->count.valid, 1);
        break;
    case SERVICE_INVALID:
        atomic_fetch_add(&service->count.invalid, 1);
        break;
    case SERVICE_UNANSWERED:
        atomic_fetch_add(&service->count.unanswered, 1);
        break;
    }
    atomic_fetch_add(&service->count.microseconds, took_ns / 1000);
}

static void run(struct service *service, struct service_request *request)
{
    uint64_t began = clock_monotonic_ns();

    service->options.answer_fn(service->options.arg, &request->answer,
                               (enum exs_verify_kind)request->header.type,
                               bytes_of(request->payload, request->header.size));
    count_answer(service, request, clock_monotonic_ns() - began);
}

/* Hands it to the loop, which is woken where it may sleep. Under the lock. */
static void give_back(struct service *service, struct service_request *request)
{
    const uint64_t one = 1;
    bool first = !service->finished.first;

    queue_add(&service->finished, request);
    /* Only a full counter can't be written, and one that was not read yet wakes the loop as well. */
    if (first && write(service->done_fd, &one, sizeof(one)) < 0)
        return;
}

static void *dispatcher_main(void *arg)
{
    struct service *service = arg;
    struct service_request *request;

    pthread_mutex_lock(&service->lock);
    for (;;) {
        request = take_next(service);
        if (!request && service->stopping)
            break;
        if (!request) {
            pthread_cond_wait(&service->work, &service->lock);
            continue;
        }
        pthread_mutex_unlock(&service->lock);
        atomic_fetch_sub(&service->count.waiting, 1);
        atomic_fetch_add(&service->count.running, 1);
        run(service, request);
        atomic_fetch_sub(&service->count.running, 1);
        pthread_mutex_lock(&service->lock);
        request->client->running--;
        ring_update(request->client);
        give_back(service, request);
    }
    pthread_mutex_unlock(&service->lock);
    return NULL;
}

bool service_work_start(struct service *service)
{
    /* Read by those that have begun, so it is set before. */
    service->dispatchers = service->options.dispatchers;
    for (size_t i = 0; i < service->options.dispatchers; i++) {
        if (pthread_create(&service->dispatcher[i], NULL, dispatcher_main, service) == 0)
            continue;
        pthread_mutex_lock(&service->lock);
        service->dispatchers = i;
        pthread_mutex_unlock(&service->lock);
        return false;
    }
    return true;
}

void service_work_stop(struct service *service)
{
    pthread_mutex_lock(&service->lock);
    service->stopping = true;
    pthread_cond_broadcast(&service->work);
    pthread_mutex_unlock(&service->lock);
    for (size_t i = 0; i < service->dispatchers; i++)
        pthread_join(service->dispatcher[i], NULL);
}

void service_work_add(struct service_client *client, struct service_request *request)
{
    struct service *service = client->service;

    atomic_fetch_add(&service->count.waiting, 1);
    pthread_mutex_lock(&service->lock);
    queue_add(&client->waiting, request);
    ring_update(client);
    pthread_mutex_unlock(&service->lock);
}

struct service_request *service_work_take_back(struct service_client *client)
{
    struct service *service = client->service;
    struct service_request *list;
    size_t count = 0;

    pthread_mutex_lock(&service->lock);
    list = client->waiting.first;
    client->waiting = (struct service_queue){NULL, NULL};
    ring_remove(client);
    pthread_mutex_unlock(&service->lock);
    for (struct service_request *request = list; request; request = request->next)
        count++;
    atomic_fetch_sub(&service->count.waiting, count);
    return list;
}

struct service_request *service_work_finished(struct service *service)
{
    struct service_request *list;

    pthread_mutex_lock(&service->lock);
    list = service->finished.first;
    service->finished = (struct service_queue){NULL, NULL};
    pthread_mutex_unlock(&service->lock);
    return list;
}
