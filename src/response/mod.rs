//! One relaxed solid: features, Jacobian, curvature, susceptibility.

pub mod allosteric;
pub mod bond;
pub mod curvature;
pub mod direction;
pub mod features;
pub mod jacobian;
pub mod labels;
pub mod linear;
pub mod modes;
pub mod sensitivity;
pub mod stability;
pub mod strain;
pub mod susceptibility;
