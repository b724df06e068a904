/* A model of the registry as a C library: what `cargo xtask export-library` builds.
 *
 * The model is chosen once, before the first other call: by model_select(), or else by the
 * environment variables IONIC_MODEL (`ohara_rudy_2011/endo`, or the identifier alone for the default
 * variant) and IONIC_AMPLITUDE (see below). One library therefore serves every model and variant;
 * a process that needs two of them loads two copies of the file.
 *
 * States, units and signs are those of the model's page. Between the edges of a stimulus nothing
 * depends on time. The stimulus is `pace` times the amplitude, which by default is that of the
 * published pacing (0 for a model that has none): pace is 1 during a pulse and 0 otherwise. An
 * integrator must end a step at each edge and start afresh there.
 *
 * After the choice every function may be called from several threads. If the choice fails, a line on
 * the standard error output says why, and model_n() returns -1.
 */
#ifndef IONIC_MODEL_H
#define IONIC_MODEL_H
#ifdef __cplusplus
extern "C" {
#endif

/* Chooses model and amplitude; a NaN amplitude means the default. Returns 0; -1 if there is no such
 * model, or if one has been chosen before. */
int model_select(const char *model, double amplitude);

/* The model's identifier with its variant, and the name of state i; NULL if there is none. */
const char *model_name(void);
const char *model_state_name(int i);

/* The number of states; the index of the membrane potential; that of the calcium concentration in
 * the cytosol, or -1. */
int model_n(void);
int model_v(void);
int model_cai(void);

/* Writes the initial state: n numbers. */
void model_y0(double *y);

/* Writes the derivatives at (t, y): n numbers. */
void model_rhs(double t, const double *y, double *dy, double pace);

/* As model_rhs, with pace behind a pointer: the shape that wrappers of LSODA expect. */
void model_rhs_data(double t, double *y, double *dy, double *pace);

/* Writes the exact Jacobian, column by column: jac[i + j*n] is the derivative of equation i by
 * state j. */
void model_jac(double t, const double *y, double *jac, double pace);

/* The same in compressed columns: entries of column j are values[colptr[j]] to
 * values[colptr[j+1]-1], in the rows rowind[...], which rise. The diagonal always belongs to it.
 * model_csc_nnz() is the number of entries; model_nnz() leaves out those of the diagonal that are
 * always zero. */
void model_jac_csc(double t, const double *y, double *values, double pace);
int model_csc_nnz(void);
int model_nnz(void);
const int *model_csc_colptr(void);
const int *model_csc_rowind(void);

#ifdef __cplusplus
}
#endif
#endif
