/* Spikes of the squid's axon by Euler's method: how a C program uses the models' library.
 *
 *     cargo xtask export-library
 *     cc -I ionic-models/examples ionic-models/examples/ionic_model.c \
 *         target/release/examples/libionic_model.so -o axon
 *     ./axon
 *
 * From Python the same functions are called through ctypes.CDLL("…/libionic_model.so").
 */
#include <stdio.h>

#include "ionic_model.h"

enum { STATES = 4 };

int main(void) {
    /* 10 uA/cm^2 for as long as pace is 1. */
    if (model_select("hodgkin_huxley_1952/modern", 10.0) != 0 || model_n() != STATES) {
        return 1;
    }
    double y[STATES], dy[STATES], highest = -1e9;
    const double dt = 0.01; /* ms */
    model_y0(y);
    for (int step = 0; step < 5000; step++) {
        model_rhs(step * dt, y, dy, 1.0);
        for (int i = 0; i < STATES; i++) {
            y[i] += dt * dy[i];
        }
        if (y[model_v()] > highest) {
            highest = y[model_v()];
        }
    }
    printf("%s: %s reaches %.6f mV\n", model_name(), model_state_name(model_v()), highest);
    return 0;
}
