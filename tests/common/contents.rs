//! What a results file holds.

use std::path::Path;

/// Every dataset of the file with its bytes, but these.
pub fn contents(path: &Path, volatile: &[&str]) -> Vec<(String, Vec<u8>)> {
    use std::os::unix::fs::FileExt as _;
    let raw = std::fs::File::open(path).expect("readable");
    let file = hdf5::File::open(path).expect("readable");
    let mut all = Vec::new();
    let mut groups = vec![file.as_group().expect("the root")];
    while let Some(group) = groups.pop() {
        groups.extend(group.groups().expect("readable"));
        for dataset in group.datasets().expect("readable") {
            let name = dataset.name();
            if volatile.contains(&name.as_str()) {
                continue;
            }
            let mut bytes = vec![0; dataset.storage_size() as usize];
            if let Some(offset) = dataset.offset() {
                raw.read_exact_at(&mut bytes, offset).expect("readable");
            }
            all.push((name, bytes));
        }
    }
    all.sort();
    all
}
