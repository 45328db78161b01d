//! Facts of the system and of this build, and text for people: the ground that every floor may use.

pub mod disk;
pub mod program;
pub mod text;
pub mod time;
pub mod words;
