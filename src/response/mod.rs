//! One relaxed solid: contacts, Hessian, features, Jacobian, susceptibility.
