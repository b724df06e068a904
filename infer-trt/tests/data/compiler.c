/* NVIDIA's run-time compiler as tests need it: whatever the text, it compiles. Flag: MAJOR, the version of
   CUDA that it belongs to. */

#include <stddef.h>
#include <string.h>

static const char PTX[] = "// nothing";

int nvrtcVersion(int *major, int *minor) { *major = MAJOR; *minor = 0; return 0; }
int nvrtcCreateProgram(void **program, const char *text, const char *name, int n, const char **headers,
                       const char **names)
{
    *program = (void *)PTX;
    return 0;
}
int nvrtcCompileProgram(void *program, int n, const char **options) { return 0; }
int nvrtcDestroyProgram(void **program) { *program = NULL; return 0; }
int nvrtcGetPTXSize(void *program, size_t *bytes) { *bytes = sizeof PTX; return 0; }
int nvrtcGetPTX(void *program, char *ptx) { memcpy(ptx, PTX, sizeof PTX); return 0; }
int nvrtcGetProgramLogSize(void *program, size_t *bytes) { *bytes = 1; return 0; }
int nvrtcGetProgramLog(void *program, char *log) { *log = 0; return 0; }
