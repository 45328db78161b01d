//! What is made of a study, of a results file, or of one solid of it.

pub mod check;
pub mod collect;
mod correlation;
pub mod cost;
pub mod design;
pub mod html;
pub mod job_script;
pub mod measure;
pub mod merge;
pub mod pilot;
pub mod plan;
pub mod power_law;
mod quantile;
mod resample;
pub mod status;
pub mod xyz;
