/* The two halves of the fake CUPTI: callbacks (fake_cupti.c) and activity records (fake_cupti_activity.c). */
#ifndef TESTS_FAKE_FAKE_CUPTI_H
#define TESTS_FAKE_FAKE_CUPTI_H

#include "cupti/cupti_abi.h"
#include "tests/fake/fake.h"

#include <stdbool.h>

#define FAKE_CUPTI_ERROR_INVALID_PARAMETER 1
#define FAKE_CUPTI_ERROR_NOT_INITIALIZED   15
#define FAKE_CUPTI_ERROR_INVALID_KIND      21

/* Whether the comma-separated list in FAKE_CUPTI_FAULT has this fault. */
bool fake_cupti_fault(const char *name);
/* What cuptiGetVersion returns: FAKE_CUPTI_VERSION, or that of CUDA 13.0. */
uint32_t fake_cupti_version(void);
/* A client did what CUPTI forbids: a line in the file that FAKE_CUPTI_LOG names. */
void fake_cupti_violation(const char *what);
/* False in a forked child, and once the driver has closed. */
bool fake_cupti_alive(void);
/* A client is there: work and calls are observed from now on. */
void fake_cupti_begin(void);
void fake_cupti_close(void);

/* This thread is in the callback of a module's unload, in which the real CUPTI waits for ever when it is asked to flush. */
extern __thread bool fake_cupti_in_unload;

/* The activity half's observer functions. */
void fake_cupti_work(const fake_work *work);
/* A call that is called back has this correlation id. */
void fake_cupti_saw(uint32_t correlation);
void fake_cupti_closing(void);

/* What of CUPTI's interface the recorder calls, or is to call one day. */
#define CUPTI_API FAKE_EXPORT cupti_result
CUPTI_API cuptiGetVersion(uint32_t *to);
CUPTI_API cuptiGetResultString(cupti_result result, const char **text);
CUPTI_API cuptiSubscribe(cupti_subscriber *subscriber, cupti_callback callback, void *userdata);
CUPTI_API cuptiUnsubscribe(cupti_subscriber subscriber);
CUPTI_API cuptiEnableCallback(uint32_t enable, cupti_subscriber subscriber, int domain, uint32_t cbid);
CUPTI_API cuptiEnableDomain(uint32_t enable, cupti_subscriber subscriber, int domain);
CUPTI_API cuptiGetCallbackName(int domain, uint32_t cbid, const char **name);
CUPTI_API cuptiGetGraphId(void *graph, uint32_t *id);
CUPTI_API cuptiGetGraphNodeId(void *node, uint64_t *id);
CUPTI_API cuptiGetTimestamp(uint64_t *timestamp);
CUPTI_API cuptiActivityEnable(uint32_t kind);
CUPTI_API cuptiActivityDisable(uint32_t kind);
CUPTI_API cuptiActivityRegisterCallbacks(cupti_buffer_requested requested, cupti_buffer_completed completed);
CUPTI_API cuptiActivityRegisterTimestampCallback(cupti_timestamp now);
CUPTI_API cuptiActivityFlushAll(uint32_t flags);
CUPTI_API cuptiActivityFlushPeriod(uint32_t milliseconds);
CUPTI_API cuptiActivityGetNextRecord(uint8_t *buffer, size_t valid, void **at);
CUPTI_API cuptiActivityGetNumDroppedRecords(void *context, uint32_t stream, size_t *dropped);
CUPTI_API cuptiActivitySetAttribute(int attribute, size_t *size, void *value);
CUPTI_API cuptiActivityPushExternalCorrelationId(int kind, uint64_t id);
CUPTI_API cuptiActivityPopExternalCorrelationId(int kind, uint64_t *id);

#endif
