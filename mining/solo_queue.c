#include "mining/solo_impl.h"

#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool solo_queue_init(struct solo_queue *q)
{
    *q = (struct solo_queue){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->room, NULL);
    return q->fd >= 0;
}

void solo_queue_push(struct solo_queue *q, const struct solo_event *event)
{
    bool taken = false;

    pthread_mutex_lock(&q->lock);
    while (!q->closed && q->count == SOLO_QUEUE_SIZE)
        pthread_cond_wait(&q->room, &q->lock);
    if (!q->closed) {
        q->events[(q->first + q->count++) % SOLO_QUEUE_SIZE] = *event;
        taken = true;
    }
    pthread_mutex_unlock(&q->lock);
    if (taken)
        solo_queue_wake(q);
    else
        template_unref(event->t);
}

bool solo_queue_pop(struct solo_queue *q, struct solo_event *event)
{
    bool some;

    pthread_mutex_lock(&q->lock);
    some = q->count > 0;
    if (some) {
        *event = q->events[q->first];
        q->first = (q->first + 1) % SOLO_QUEUE_SIZE;
        q->count--;
        pthread_cond_signal(&q->room);
    }
    pthread_mutex_unlock(&q->lock);
    return some;
}

void solo_queue_wake(struct solo_queue *q)
{
    uint64_t one = 1;
    ssize_t done = write(q->fd, &one, sizeof(one));

    /* Where it is full it is readable already. */
    (void)done;
}

void solo_queue_rest(struct solo_queue *q)
{
    uint64_t count;
    ssize_t done = read(q->fd, &count, sizeof(count));

    /* It does not block: nothing to read is what is wanted. */
    (void)done;
}

void solo_queue_close(struct solo_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->room);
    pthread_mutex_unlock(&q->lock);
}

void solo_queue_free(struct solo_queue *q)
{
    struct solo_event event;

    while (solo_queue_pop(q, &event))
        template_unref(event.t);
    if (q->fd >= 0)
        close(q->fd);
    pthread_cond_destroy(&q->room);
    pthread_mutex_destroy(&q->lock);
}

static void on_template(void *arg, size_t index, struct block_template *t, const char *chain)
{
    struct solo_event event = {.type = SOLO_TEMPLATE, .node = index, .t = t};

    snprintf(event.text, sizeof(event.text), "%s", chain);
    solo_queue_push(arg, &event);
}

static void on_trouble(void *arg, size_t index, enum upstream_trouble trouble, unsigned failures,
                       const char *text)
{
    struct solo_event event = {
        .type = SOLO_TROUBLE, .node = index, .trouble = trouble, .failures = failures};

    snprintf(event.text, sizeof(event.text), "%s", text);
    solo_queue_push(arg, &event);
}

static void on_verdict(void *arg, size_t index, uint64_t block, enum upstream_verdict verdict,
                       const char *text)
{
    struct solo_event event = {
        .type = SOLO_VERDICT, .node = index, .block = block, .verdict = verdict};

    snprintf(event.text, sizeof(event.text), "%s", text);
    solo_queue_push(arg, &event);
}

struct upstream_owner solo_queue_owner(struct solo_queue *q, size_t index)
{
    return (struct upstream_owner){q, index, on_template, on_trouble, on_verdict};
}
