/* SUNDIALS CVODE's BDF on one of our models. What is asked and answered: README.md. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cvode/cvode.h>
#include <nvector/nvector_serial.h>
#include <sundials/sundials_config.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunlinsol/sunlinsol_klu.h>
#include <sunmatrix/sunmatrix_dense.h>
#include <sunmatrix/sunmatrix_sparse.h>

#if SUNDIALS_VERSION_MAJOR < 6
#error "SUNDIALS 6 or later is needed"
#endif
#if SUNDIALS_VERSION_MAJOR >= 7
#define NO_COMM SUN_COMM_NULL
#else
#define NO_COMM NULL
#endif

typedef void (*function_t)(double, const double *, double *, double);

static function_t rhs, jac, jac_csc;
static const int *colptr, *rowind;
static int n, nnz, potential;
static double pace;
static SUNContext context;

typedef struct { double from, to, pace; } segment_t;
static segment_t segments[1024];
static int segment_count;
static double grid_step;
static long grid_count;

static int f(sunrealtype t, N_Vector y, N_Vector dy, void *user) {
  (void)user;
  rhs(t, NV_DATA_S(y), NV_DATA_S(dy), pace);
  return 0;
}

static int dense(sunrealtype t, N_Vector y, N_Vector fy, SUNMatrix J, void *user, N_Vector a, N_Vector b, N_Vector c) {
  (void)fy, (void)user, (void)a, (void)b, (void)c;
  jac(t, NV_DATA_S(y), SM_DATA_D(J), pace);
  return 0;
}

static int sparse(sunrealtype t, N_Vector y, N_Vector fy, SUNMatrix J, void *user, N_Vector a, N_Vector b, N_Vector c) {
  (void)fy, (void)user, (void)a, (void)b, (void)c;
  for (int i = 0; i <= n; i++) SM_INDEXPTRS_S(J)[i] = colptr[i];
  for (int i = 0; i < nnz; i++) SM_INDEXVALS_S(J)[i] = rowind[i];
  jac_csc(t, NV_DATA_S(y), SM_DATA_S(J), pace);
  return 0;
}

typedef struct { long steps, rhs, jacobians; } work_t;

/* Integrates once; returns 0, or the flag of the call that failed. With a grid, writes V into it. */
static int integrate(const char *method, double rtol, double atol, double *grid, work_t *work) {
  int klu = !strcmp(method, "bdf_klu"), differences = !strcmp(method, "bdf_differences"), flag = 0;
  void (*y0)(double *);
  *(void **)&y0 = dlsym(RTLD_DEFAULT, "model_y0");
  memset(work, 0, sizeof *work);
  N_Vector y = N_VNew_Serial(n, context);
  y0(NV_DATA_S(y));
  SUNMatrix A = klu ? SUNSparseMatrix(n, n, nnz, CSC_MAT, context) : SUNDenseMatrix(n, n, context);
  SUNLinearSolver LS = klu ? SUNLinSol_KLU(y, A, context) : SUNLinSol_Dense(y, A, context);
  void *cvode = CVodeCreate(CV_BDF, context);
  long k = 0;
  for (int s = 0; s < segment_count && flag >= 0; s++) {
    sunrealtype t = segments[s].from, end = segments[s].to;
    pace = segments[s].pace;
    if (s == 0) {
      flag = CVodeInit(cvode, f, t, y);
      if (flag >= 0) flag = CVodeSStolerances(cvode, rtol, atol);
      if (flag >= 0) flag = CVodeSetLinearSolver(cvode, LS, A);
      if (flag >= 0 && !differences) flag = CVodeSetJacFn(cvode, klu ? sparse : dense);
      CVodeSetMaxNumSteps(cvode, 10000000);
    } else {
      flag = CVodeReInit(cvode, t, y);
    }
    if (grid && s == 0) grid[k++] = NV_Ith_S(y, potential);
    if (flag >= 0) flag = CVodeSetStopTime(cvode, end);
    while (t < end && flag >= 0) {
      double next = k * grid_step;
      int on_grid = grid && k <= grid_count && next < end * (1 - 1e-14);
      flag = CVode(cvode, on_grid ? next : end, y, &t, CV_NORMAL);
      if (on_grid && flag >= 0) grid[k++] = NV_Ith_S(y, potential);
      if (!on_grid && flag >= 0) t = end;
    }
    if (grid && k <= grid_count && k * grid_step <= end * (1 + 1e-14)) grid[k++] = NV_Ith_S(y, potential);
    long steps = 0, evaluations = 0, within = 0, jacobians = 0;
    CVodeGetNumSteps(cvode, &steps);
    CVodeGetNumRhsEvals(cvode, &evaluations);
    CVodeGetNumLinRhsEvals(cvode, &within);
    CVodeGetNumJacEvals(cvode, &jacobians);
    work->steps += steps;
    work->rhs += evaluations + within;
    work->jacobians += jacobians;
  }
  CVodeFree(&cvode);
  SUNLinSolFree(LS);
  SUNMatDestroy(A);
  N_VDestroy(y);
  return flag < 0 ? flag : 0;
}

static double cpu(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec + 1e-9 * now.tv_nsec;
}

static void failed(int flag) {
  char *name = CVodeGetReturnFlagName(flag);
  printf("{\"ok\": false, \"error\": \"%s\"}\n", name);
  free(name);
}

int main(int argc, char **argv) {
  if (argc != 5) return fprintf(stderr, "usage: cvode LIBRARY SEGMENTS GRID_STEP GRID_COUNT\n"), 2;
  void *library = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
  if (!library) return fprintf(stderr, "%s\n", dlerror()), 2;
  int (*count)(void);
  const int *(*list)(void);
  *(void **)&count = dlsym(library, "model_n"), n = count();
  *(void **)&count = dlsym(library, "model_v"), potential = count();
  *(void **)&count = dlsym(library, "model_csc_nnz"), nnz = count();
  *(void **)&list = dlsym(library, "model_csc_colptr"), colptr = list();
  *(void **)&list = dlsym(library, "model_csc_rowind"), rowind = list();
  *(void **)&rhs = dlsym(library, "model_rhs");
  *(void **)&jac = dlsym(library, "model_jac");
  *(void **)&jac_csc = dlsym(library, "model_jac_csc");
  if (n < 1) return 2;
  for (char *p = strtok(argv[2], ","); p && segment_count < 1024; p = strtok(NULL, ",")) {
    segment_t *s = &segments[segment_count++];
    if (sscanf(p, "%lf:%lf:%lf", &s->from, &s->to, &s->pace) != 3) return fprintf(stderr, "segment %s\n", p), 2;
  }
  grid_step = atof(argv[3]);
  grid_count = atol(argv[4]);
  SUNContext_Create(NO_COMM, &context);
  double *grid = calloc(grid_count + 2, sizeof *grid);
  setvbuf(stdout, NULL, _IOLBF, 0);
  printf("{\"ok\": true, \"name\": \"SUNDIALS CVODE\", \"version\": \"%s\"}\n", SUNDIALS_VERSION);

  char line[8192], task[16], method[64], last[4096];
  double rtol, atol;
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "%15s %63s %lf %lf %4095s", task, method, &rtol, &atol, last) != 5) {
      printf("{\"ok\": false, \"error\": \"request not understood\"}\n");
      continue;
    }
    work_t work;
    if (!strcmp(task, "grid")) {
      int flag = integrate(method, rtol, atol, grid, &work);
      if (flag) { failed(flag); continue; }
      FILE *file = fopen(last, "wb");
      if (!file || fwrite(grid, sizeof *grid, grid_count + 1, file) != (size_t)grid_count + 1 || fclose(file))
        printf("{\"ok\": false, \"error\": \"cannot write the grid\"}\n");
      else
        printf("{\"ok\": true}\n");
    } else {
      double times[4096], begin = cpu(), budget = atof(last);
      int repeats = 0, flag = 0;
      do {
        double start = cpu();
        flag = integrate(method, rtol, atol, NULL, &work);
        times[repeats++] = (cpu() - start) * 1e6;
      } while (!flag && repeats < 4096 && cpu() - begin < budget);
      if (flag) { failed(flag); continue; }
      printf("{\"ok\": true, \"steps\": %ld, \"rhs\": %ld, \"jacobians\": %ld, \"us\": [", work.steps, work.rhs,
             work.jacobians);
      for (int i = 0; i < repeats; i++) printf(i ? ", %.2f" : "%.2f", times[i]);
      printf("]}\n");
    }
  }
  return 0;
}
