//! Published models of excitable cells: two tables and one generic function each
