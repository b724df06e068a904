// Boost.odeint's rosenbrock4 (the coefficients of Hairer & Wanner's RODAS) and Dormand-Prince 5(4) on
// one of our models. What is asked and answered: README.md.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include <dlfcn.h>

#include <boost/numeric/odeint.hpp>
#include <boost/numeric/ublas/matrix.hpp>
#include <boost/numeric/ublas/vector.hpp>
#include <boost/version.hpp>

namespace odeint = boost::numeric::odeint;
typedef boost::numeric::ublas::vector<double> State;
typedef boost::numeric::ublas::matrix<double> Matrix;
typedef void (*Function)(double, const double *, double *, double);

static Function rhs, jac;
static int n, potential;
static double pace;
static long evaluations, jacobians;
static std::vector<double> entries;

struct Segment { double from, to, pace; };
static std::vector<Segment> segments;
static double grid_step;
static long grid_count;

struct Equations {
  void operator()(const State &y, State &dy, double t) const {
    evaluations++;
    rhs(t, &y[0], &dy[0], pace);
  }
};

struct Jacobian {
  void operator()(const State &y, Matrix &J, const double &t, State &dfdt) const {
    jacobians++;
    jac(t, &y[0], entries.data(), pace);
    for (int i = 0; i < n; i++)
      for (int j = 0; j < n; j++) J(i, j) = entries[i + static_cast<size_t>(j) * n];
    std::fill(dfdt.begin(), dfdt.end(), 0.0);
  }
};

// Steps until the end of a segment lies within the latest step, and takes the state there.
template <class Stepper, class System>
static long across(Stepper &stepper, System system, const Segment &s, State &y, std::vector<double> *grid) {
  State at(n);
  long steps = 0;
  double reached = s.from;
  while (reached < s.to) {
    reached = stepper.do_step(system).second;
    if (++steps > 10000000) throw std::runtime_error("too many steps");
    while (grid && static_cast<long>(grid->size()) <= grid_count) {
      double next = grid->size() * grid_step;
      if (next > reached || next >= s.to * (1 - 1e-14)) break;
      stepper.calc_state(next, at);
      grid->push_back(at[potential]);
    }
  }
  stepper.calc_state(s.to, y);
  return steps;
}

static long integrate(const std::string &method, double rtol, double atol, std::vector<double> *grid) {
  State y(n);
  reinterpret_cast<void (*)(double *)>(dlsym(RTLD_DEFAULT, "model_y0"))(&y[0]);
  evaluations = jacobians = 0;
  long steps = 0;
  if (grid) grid->assign(1, y[potential]);
  for (const Segment &s : segments) {
    pace = s.pace;
    double first = std::min(1e-4, s.to - s.from);
    if (method == "rosenbrock4") {
      typedef odeint::rosenbrock4_controller<odeint::rosenbrock4<double>> Controller;
      odeint::rosenbrock4_dense_output<Controller> stepper{Controller(atol, rtol)};
      stepper.initialize(y, s.from, first);
      steps += across(stepper, std::make_pair(Equations(), Jacobian()), s, y, grid);
    } else if (method == "dopri5") {
      auto stepper = odeint::make_dense_output(atol, rtol, odeint::runge_kutta_dopri5<State>());
      stepper.initialize(y, s.from, first);
      steps += across(stepper, Equations(), s, y, grid);
    } else {
      throw std::runtime_error("no method of that name");
    }
    if (grid && static_cast<long>(grid->size()) <= grid_count && grid->size() * grid_step <= s.to * (1 + 1e-14))
      grid->push_back(y[potential]);
  }
  return steps;
}

static double cpu() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec + 1e-9 * now.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc != 5) return std::fprintf(stderr, "usage: odeint LIBRARY SEGMENTS GRID_STEP GRID_COUNT\n"), 2;
  void *library = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
  if (!library) return std::fprintf(stderr, "%s\n", dlerror()), 2;
  n = reinterpret_cast<int (*)()>(dlsym(library, "model_n"))();
  potential = reinterpret_cast<int (*)()>(dlsym(library, "model_v"))();
  rhs = reinterpret_cast<Function>(dlsym(library, "model_rhs"));
  jac = reinterpret_cast<Function>(dlsym(library, "model_jac"));
  if (n < 1) return 2;
  entries.resize(static_cast<size_t>(n) * n);
  for (char *p = std::strtok(argv[2], ","); p; p = std::strtok(nullptr, ",")) {
    Segment s;
    if (std::sscanf(p, "%lf:%lf:%lf", &s.from, &s.to, &s.pace) != 3) return std::fprintf(stderr, "segment %s\n", p), 2;
    segments.push_back(s);
  }
  grid_step = std::atof(argv[3]);
  grid_count = std::atol(argv[4]);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  std::printf("{\"ok\": true, \"name\": \"Boost.odeint\", \"version\": \"%d.%d\"}\n", BOOST_VERSION / 100000,
              BOOST_VERSION / 100 % 1000);

  char line[8192], task[16], method[64], last[4096];
  double rtol, atol;
  while (std::fgets(line, sizeof line, stdin)) {
    if (std::sscanf(line, "%15s %63s %lf %lf %4095s", task, method, &rtol, &atol, last) != 5) {
      std::printf("{\"ok\": false, \"error\": \"request not understood\"}\n");
      continue;
    }
    try {
      if (!std::strcmp(task, "grid")) {
        std::vector<double> grid;
        integrate(method, rtol, atol, &grid);
        std::FILE *file = std::fopen(last, "wb");
        bool written = file && std::fwrite(grid.data(), sizeof(double), grid.size(), file) == grid.size();
        if (file) written = !std::fclose(file) && written;
        std::printf(written ? "{\"ok\": true}\n" : "{\"ok\": false, \"error\": \"cannot write the grid\"}\n");
      } else {
        std::vector<double> times;
        double begin = cpu(), budget = std::atof(last);
        long steps;
        do {
          double start = cpu();
          steps = integrate(method, rtol, atol, nullptr);
          times.push_back((cpu() - start) * 1e6);
        } while (times.size() < 4096 && cpu() - begin < budget);
        std::printf("{\"ok\": true, \"steps\": %ld, \"rhs\": %ld, \"jacobians\": %ld, \"us\": [", steps, evaluations,
                    jacobians);
        for (size_t i = 0; i < times.size(); i++) std::printf(i ? ", %.2f" : "%.2f", times[i]);
        std::printf("]}\n");
      }
    } catch (const std::exception &error) {
      std::printf("{\"ok\": false, \"error\": \"%s\"}\n", error.what());
    }
  }
}
