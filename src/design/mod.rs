//! Inverse design: from targets for the features of a solid to its parameters.

pub mod ensemble;
pub mod feasibility;
pub mod feature;
pub mod least_distance;
pub mod linearisation;
pub mod one_step;
pub mod outcome;
pub mod parameters;
pub mod plan;
pub mod problem;
pub mod quantities;
pub mod run;
pub mod search;
pub mod state;
pub mod target;
pub mod terms;
pub mod walk;
pub mod walls;
