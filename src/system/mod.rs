//! Facts of the system and of this build, text for people, and the words of values: the ground that
//! every floor may use.

pub mod disk;
pub mod program;
pub mod temporary;
pub mod text;
pub mod time;
pub mod words;
pub mod world;
