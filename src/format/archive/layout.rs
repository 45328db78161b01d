//! The names and numbers that make a file one of ours.

/// The attribute `format` of every results file.
pub const FORMAT: &str = "amorph-ensemble";
/// The version of the layout.
pub const FORMAT_VERSION: i64 = 3;
/// The group of the work items.
pub const ITEMS: &str = "items";
/// The group of the statistics.
pub const STATISTICS: &str = "statistics";
/// Length of a stored host name.
pub const HOST_LENGTH: usize = 64;
/// The root attribute with the checksum of labels, scales and identities.
pub const SKELETON_CHECKSUM: &str = "skeleton_checksum";
/// The root attribute with the folder of the study's file: relative names of solid files begin there.
pub const STUDY_FOLDER: &str = "study_folder";
/// Attribute of the root: how the values lie in the file.
pub const STORAGE: &str = "storage";
