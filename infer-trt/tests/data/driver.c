/* A CUDA driver without a GPU, for tests: memory is the machine's own, everything is done at once, and a
   kernel of the name `network` is the function of that name that was compiled with this file. The others do
   nothing. It has the functions that the crate calls and no other: names at the beginning of a line, `int`
   in front. Flags: VERSION (of CUDA: 13000), DEVICES, START (what cuInit returns). */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef VERSION
#define VERSION 13000
#endif
#ifndef DEVICES
#define DEVICES 1
#endif
#ifndef START
#define START 0
#endif

typedef uintptr_t device_ptr;
enum { FINE = 0, INVALID_VALUE = 1, NOT_FOUND = 500 };
static int thing; /* What all handles point to. */
static void *current;

#ifdef NETWORK
void network(long long rows, const float *x, float *y);
#endif

int cuInit(unsigned flags) { return START; }
int cuDriverGetVersion(int *version) { *version = VERSION; return FINE; }
int cuGetErrorString(int error, const char **text) { *text = "an error of the stub"; return FINE; }

int cuDeviceGetCount(int *count) { *count = DEVICES; return FINE; }
int cuDeviceGet(int *device, int ordinal) { *device = ordinal; return ordinal < DEVICES ? FINE : INVALID_VALUE; }
int cuDeviceGetName(char *name, int length, int device) { strncpy(name, "a stub", length); return FINE; }
int cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = 1 << 30; return FINE; }
int cuDeviceGetAttribute(int *value, int attribute, int device)
{
    /* 75 and 76 are the numbers of the compute capability. */
    *value = attribute == 75 ? 9 : attribute == 76 ? 0 : 1;
#ifdef WITHOUT_POOLS
    if (attribute == 115) *value = 0;
#endif
    return FINE;
}

int cuDevicePrimaryCtxRetain(void **context, int device) { *context = &thing; return FINE; }
int cuDevicePrimaryCtxRelease_v2(int device) { return FINE; }
int cuCtxGetCurrent(void **context) { *context = current; return FINE; }
int cuCtxSetCurrent(void *context) { current = context; return FINE; }
int cuCtxSynchronize(void) { return FINE; }

int cuStreamCreate(void **stream, unsigned flags) { *stream = &thing; return FINE; }
int cuStreamDestroy_v2(void *stream) { return FINE; }
int cuStreamSynchronize(void *stream) { return FINE; }
int cuStreamWaitEvent(void *stream, void *event, unsigned flags) { return FINE; }

int cuEventCreate(void **event, unsigned flags) { *event = &thing; return FINE; }
int cuEventDestroy_v2(void *event) { return FINE; }
int cuEventRecord(void *event, void *stream) { return FINE; }
int cuEventSynchronize(void *event) { return FINE; }
int cuEventElapsedTime_v2(float *ms, void *start, void *end) { *ms = 0.5f; return FINE; }

int cuMemAlloc_v2(device_ptr *memory, size_t bytes) { *memory = (device_ptr)malloc(bytes); return FINE; }
int cuMemAllocAsync(device_ptr *memory, size_t bytes, void *stream) { return cuMemAlloc_v2(memory, bytes); }
int cuMemFree_v2(device_ptr memory) { free((void *)memory); return FINE; }
int cuMemFreeAsync(device_ptr memory, void *stream) { return cuMemFree_v2(memory); }
int cuMemsetD8Async(device_ptr to, unsigned char byte, size_t n, void *stream)
{
    memset((void *)to, byte, n);
    return FINE;
}
int cuMemcpyHtoDAsync_v2(device_ptr to, const void *from, size_t n, void *stream)
{
    memcpy((void *)to, from, n);
    return FINE;
}
int cuMemcpyDtoHAsync_v2(void *to, device_ptr from, size_t n, void *stream)
{
    memcpy(to, (const void *)from, n);
    return FINE;
}
int cuMemcpyDtoDAsync_v2(device_ptr to, device_ptr from, size_t n, void *stream)
{
    memcpy((void *)to, (const void *)from, n);
    return FINE;
}

int cuModuleLoadData(void **module, const void *image) { *module = &thing; return FINE; }
int cuModuleUnload(void *module) { return FINE; }
int cuModuleGetFunction(void **function, void *module, const char *name)
{
    /* A kernel is the first letter of its name. */
    if (strcmp(name, "none") == 0) return NOT_FOUND;
    *function = (void *)(uintptr_t)name[0];
    return FINE;
}
int cuFuncGetAttribute(int *value, int attribute, void *function) { *value = 32; return FINE; }
int cuFuncSetAttribute(void *function, int attribute, int value) { return FINE; }
int cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks, void *function, int threads, size_t shared,
                                                         unsigned flags)
{
    *blocks = 1;
    return FINE;
}
int cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, void *stream, void **arguments, void **extra)
{
#ifdef NETWORK
    if ((uintptr_t)function == 'n') {
        network(*(long long *)arguments[0], *(const float **)arguments[1], *(float **)arguments[2]);
    }
#endif
    return FINE;
}
