/* A stand-in for Biren's management library (brml.h, API version 1) with three devices, the third without links. */
#include <stdio.h>
#include <string.h>
typedef struct { unsigned domain, bus, device, function, id, sub; char bus_id[32]; } pci_t;
typedef struct { unsigned long long total, free, used; } memory_t;
static int devices[3] = {0, 1, 2};
static int at(void *d) { return *(int *)d; }
int brmlInit(void) { return 0; }
int brmlDeviceGetCount_v2(unsigned *n) { *n = 3; return 0; }
int brmlDeviceGetHandleByIndex(unsigned i, void **d) { if (i > 2) return 2; *d = &devices[i]; return 0; }
int brmlDeviceGetName(void *d, char *s, unsigned n) { return snprintf(s, n, "Biren%d", 100 + at(d)) < 0; }
int brmlDeviceGetSerial(void *d, char *s, unsigned n) { return snprintf(s, n, "BR%03d", at(d)) < 0; }
int brmlDeviceGetFirmwareVersion(void *d, int which, char *s, unsigned n) { (void)d; return which != 6 || snprintf(s, n, "2.5.1") < 0; }
int brmlDeviceGetPciInfo_v1(void *d, pci_t *p) { memset(p, 0, sizeof *p); p->bus = 0x21 + at(d); snprintf(p->bus_id, 32, "0000:%02x:00.0", 0x21 + at(d)); return 0; }
int brmlDeviceGetMemoryInfo(void *d, memory_t *m) { (void)d; m->total = 34091302912ULL; m->used = 4096; m->free = m->total - m->used; return 0; }
int brmlDeviceGetHealthStatus(void *d, unsigned *h) { *h = at(d); return 0; }
int brmlDeviceGetCurrentClocksThrottleReasons(void *d, unsigned long long *r) { *r = at(d) ? 0x5 : 0; return 0; }
int brmlDeviceGetP2PStatus(void *a, void *b, unsigned *port) { *port = at(a) == 2 || at(b) == 2 ? 9999 : 3; return 0; }
int brmlSystemGetDriverVersion(char *s, unsigned n) { return snprintf(s, n, "1.8.0") < 0; }
