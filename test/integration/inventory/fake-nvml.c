/* A stand-in for NVIDIA's management library with two devices, for the tests of the helper process. */
#include <stdio.h>
#include <string.h>
typedef struct { char legacy[16]; unsigned domain, bus, device, id, sub; char bus_id[32]; } pci_t;
typedef struct { unsigned long long total, free, used; } memory_t;
typedef struct { unsigned gpu, memory; } utilization_t;
static int devices[2] = {0, 1};
static int at(void *d) { return *(int *)d; }
int nvmlInit_v2(void) { return 0; }
int nvmlDeviceGetCount_v2(unsigned *n) { *n = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **d) { if (i > 1) return 2; *d = &devices[i]; return 0; }
int nvmlDeviceGetName(void *d, char *s, unsigned n) { return snprintf(s, n, "Fake GPU %d", at(d)) < 0; }
int nvmlDeviceGetUUID(void *d, char *s, unsigned n) { return snprintf(s, n, "GPU-00000000-0000-4000-8000-00000000000%d", at(d)) < 0; }
int nvmlDeviceGetSerial(void *d, char *s, unsigned n) { (void)d; (void)s; (void)n; return 3; }
int nvmlDeviceGetPciInfo_v3(void *d, pci_t *p) { memset(p, 0, sizeof *p); snprintf(p->bus_id, 32, "00000000:%02X:00.0", 0x3b + at(d)); return 0; }
int nvmlDeviceGetMemoryInfo(void *d, memory_t *m) { (void)d; m->total = 85899345920ULL; m->used = 1048576; m->free = 85898297344ULL; return 0; }
int nvmlDeviceGetUtilizationRates(void *d, utilization_t *u) { u->gpu = 40 + at(d); u->memory = 1; return 0; }
int nvmlDeviceGetPowerUsage(void *d, unsigned *mw) { *mw = 123456 + at(d); return 0; }
int nvmlDeviceGetCurrentClocksThrottleReasons(void *d, unsigned long long *r) { *r = at(d) ? 0x44 : 0x1; return 0; }
int nvmlDeviceGetTemperature(void *d, int sensor, unsigned *t) { (void)sensor; *t = 50 + at(d); return 0; }
int nvmlDeviceGetClockInfo(void *d, int type, unsigned *c) { (void)d; *c = type == 1 ? 1410 : 0; return 0; }
int nvmlSystemGetDriverVersion(char *s, unsigned n) { return snprintf(s, n, "555.42") < 0; }
int nvmlDeviceGetNumGpuCores(void *d, unsigned *n) { (void)d; *n = 16896; return 0; }
