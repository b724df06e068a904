//! The four works as experiments with claims and reports, and the benches
