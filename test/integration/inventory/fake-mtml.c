/* A stand-in for Moore Threads' management library with two devices; the second has no memory object. */
#include <stdio.h>
#include <string.h>
typedef struct { char sbdf[32]; unsigned numbers[6]; float speeds[2]; unsigned max_width, width, max_generation, generation; int reserved[6]; } pci_t;
static int library, sys, devices[2] = {0, 1}, cores[2] = {0, 1}, memory;
static int at(void *d) { return *(int *)d; }
int mtmlLibraryInit(void **l) { *l = &library; return 0; }
int mtmlLibraryInitSystem(void *l, void **s) { *s = &sys; return l != &library; }
int mtmlSystemGetDriverVersion(void *s, char *text, unsigned n) { return s != &sys || snprintf(text, n, "3.3.2") < 0; }
int mtmlLibraryCountDevice(void *l, unsigned *n) { *n = 2; return l != &library; }
int mtmlLibraryInitDeviceByIndex(void *l, unsigned i, void **d) { (void)l; if (i > 1) return 2; *d = &devices[i]; return 0; }
int mtmlDeviceInitGpu(void *d, void **g) { *g = &cores[at(d)]; return 0; }
int mtmlDeviceInitMemory(void *d, void **m) { *m = &memory; return at(d) ? 3 : 0; }
int mtmlDeviceGetName(void *d, char *s, unsigned n) { (void)d; return snprintf(s, n, "MTT S5000") < 0; }
int mtmlDeviceGetUUID(void *d, char *s, unsigned n) { return snprintf(s, n, "4f1c00d%d", at(d)) < 0; }
int mtmlDeviceGetSerialNumber(void *d, unsigned n, char *s) { return snprintf(s, n, "MT%d", at(d)) < 0; }
int mtmlDeviceCountGpuCores(void *d, unsigned *n) { (void)d; *n = 56; return 0; }
int mtmlDeviceGetPowerUsage(void *d, unsigned *mw) { *mw = 180500 + at(d); return 0; }
int mtmlDeviceGetPciInfo(void *d, pci_t *p) { memset(p, 0, sizeof *p); snprintf(p->sbdf, 32, "00000000:%02X:00.0", 8 + at(d)); p->generation = 5; p->width = 16; return 0; }
int mtmlMemoryGetTotal(void *m, unsigned long long *b) { (void)m; *b = 85899345920ULL; return 0; }
int mtmlGpuGetUtilization(void *g, unsigned *u) { *u = 50 + at(g); return 0; }
int mtmlGpuGetTemperature(void *g, unsigned *t) { *t = 45 + at(g); return 0; }
int mtmlGpuGetClock(void *g, unsigned *c) { (void)g; *c = 1750; return 0; }
