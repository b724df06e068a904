//! Data sets of ionic models as pure functions of a recipe
