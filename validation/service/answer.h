/*
 * Answers questions of the verification service with a validator: bytes of a
 * frame in, bytes of a frame out.
 */
#ifndef VALIDATION_SERVICE_ANSWER_H
#define VALIDATION_SERVICE_ANSWER_H

#include "validation/service/service.h"
#include "validation/validator.h"

/* What the answers come from; outlives the service. */
struct answer_source {
    struct validator *validator;
    const struct kernels *kernels;
};

/* A service_answer_fn; arg is a const struct answer_source. */
service_answer_fn answer_question;

#endif
