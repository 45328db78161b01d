//! Names along an axis, as text of variable length: what netCDF-4 and h5py themselves write, and
//! every reader of theirs finds by name. Earlier programs wrote cells of fixed length.
//!
//! Reading does not trust the file: HDF5 keeps such text in heaps without checksums, and its own
//! functions follow whatever sizes a damaged heap says.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use hdf5::types::{TypeDescriptor, VarLenUnicode};
use hdf5::{Dataset, Group, Result};

use super::access;
use super::slab::{self, Block};

/// Bytes of a reference to a text: its length (4), the address of a heap (8), the place in it (4).
const REFERENCE: usize = 16;
/// What a heap begins with, and the bytes before its first object: signature, version, size.
const SIGNATURE: &[u8] = b"GCOL";
const HEAD: usize = 16;
/// Bytes before the text of an object: place (2), references (2), nothing (4), size (8).
const OBJECT: usize = 16;

/// Makes a dataset of names.
pub(super) fn create(group: &Group, name: &str, labels: &[String]) -> Result<Dataset> {
    let cells: std::result::Result<Vec<VarLenUnicode>, _> =
        labels.iter().map(|label| label.parse()).collect();
    let dataset = group
        .new_dataset_builder()
        .empty_as(&TypeDescriptor::VarLenUnicode)
        .shape([labels.len()])
        .obj_track_times(false)
        .create(name)?;
    dataset.write_raw(&cells.map_err(|error| error.to_string())?)?;
    Ok(dataset)
}

/// The names in a dataset, of either length, without what pads them.
///
/// # Errors
/// Where it holds something else, or the file is damaged.
pub(super) fn read(dataset: &Dataset) -> Result<Vec<String>> {
    let cells = match dataset.dtype()?.to_descriptor()? {
        TypeDescriptor::VarLenUnicode | TypeDescriptor::VarLenAscii => variable(dataset)?,
        TypeDescriptor::FixedUnicode(length) | TypeDescriptor::FixedAscii(length) => {
            access::refuse_oversized(dataset)?;
            let block = Block::range(0, dataset.size() as u64);
            let bytes = slab::read(dataset, &block)?;
            bytes
                .chunks_exact(length)
                .map(|cell| cell.split(|&b| b == 0).next().unwrap_or(cell).to_vec())
                .collect()
        }
        other => return Err(format!("{}: {other} instead of names", dataset.name()).into()),
    };
    Ok(cells.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect())
}

/// Text of variable length.
fn variable(dataset: &Dataset) -> Result<Vec<Vec<u8>>> {
    access::refuse_oversized(dataset)?;
    let damaged = || format!("{}: its text is damaged", dataset.name());
    let start = dataset.offset().ok_or_else(damaged)?;
    let file = Bytes::open(&dataset.filename())?;
    let references = file.read(start, dataset.size() * REFERENCE).ok_or_else(damaged)?;
    let mut heaps: HashMap<u64, Heap> = HashMap::new();
    let mut texts = Vec::new();
    for reference in references.chunks_exact(REFERENCE) {
        let address = number(&reference[4..12]);
        let heap = match heaps.entry(address) {
            Entry::Occupied(read) => read.into_mut(),
            Entry::Vacant(place) => place.insert(Heap::read(&file, address).ok_or_else(damaged)?),
        };
        let (length, place) = (number(&reference[..4]), number(&reference[12..]));
        let text = heap.text(place, length).ok_or_else(damaged)?;
        texts.push(text.to_vec());
    }
    Ok(texts)
}

/// A little-endian number of up to eight bytes.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// The file itself.
struct Bytes {
    file: File,
    length: u64,
}

impl Bytes {
    fn open(path: &str) -> Result<Self> {
        let opened = File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (length, file) = opened.map_err(|error| format!("{path}: {error}"))?;
        Ok(Bytes { file, length })
    }

    /// None where the file does not hold so many.
    fn read(&self, start: u64, count: usize) -> Option<Vec<u8>> {
        start.checked_add(count as u64).filter(|&end| end <= self.length)?;
        let mut bytes = vec![0; count];
        self.file.read_exact_at(&mut bytes, start).ok()?;
        Some(bytes)
    }
}

/// A heap of texts, and where each stands in it.
struct Heap {
    bytes: Vec<u8>,
    objects: HashMap<u64, Range<usize>>,
}

impl Heap {
    fn read(file: &Bytes, address: u64) -> Option<Self> {
        let head = file.read(address, HEAD)?;
        let size = usize::try_from(number(&head[8..])).ok()?;
        if !head.starts_with(SIGNATURE) {
            return None;
        }
        let bytes = file.read(address, size)?;
        let (mut objects, mut start) = (HashMap::new(), HEAD);
        while start + OBJECT <= bytes.len() {
            let place = number(&bytes[start..start + 2]);
            // The rest is free.
            if place == 0 {
                break;
            }
            let length = usize::try_from(number(&bytes[start + 8..start + OBJECT])).ok()?;
            let first = start + OBJECT;
            let end = first.checked_add(length).filter(|&end| end <= bytes.len())?;
            objects.insert(place, first..end);
            start = end.next_multiple_of(8);
        }
        Some(Heap { bytes, objects })
    }

    fn text(&self, place: u64, length: u64) -> Option<&[u8]> {
        let object = self.objects.get(&place)?;
        self.bytes[object.clone()].get(..usize::try_from(length).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Vec<String> {
        ["stress_xx", "C_xxxx", "", "ω_0"].map(str::to_owned).to_vec()
    }

    #[test]
    fn names_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("labels.h5");
        let file = access::checksummed().create(&path).expect("a file");
        let many: Vec<String> = (0..2000).map(|index| format!("D_particle_{index}")).collect();
        let made = [("few", labels()), ("many", many)];
        for (name, labels) in &made {
            create(&file, name, labels).expect("written");
        }
        file.close().expect("closed");
        let file = access::unlocked().open(&path).expect("opened");
        for (name, labels) in &made {
            assert_eq!(&read(&file.dataset(name).expect("there")).expect("readable"), labels);
        }
    }

    #[test]
    fn no_flip_of_a_byte_is_more_than_an_error_or_another_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("labels.h5");
        let file = access::checksummed().create(&path).expect("a file");
        create(&file, "feature", &labels()).expect("written");
        file.close().expect("closed");
        let whole = std::fs::read(&path).expect("readable");
        let heap = whole.windows(4).position(|bytes| bytes == SIGNATURE).expect("a heap");
        let mut refused = 0;
        for place in heap..heap + 200 {
            let mut bytes = whole.clone();
            bytes[place] ^= 0xff;
            std::fs::write(&path, bytes).expect("writable");
            let file = access::unlocked().open(&path).expect("opened");
            refused += usize::from(read(&file.dataset("feature").expect("there")).is_err());
        }
        assert!(refused > 20, "{refused}");
    }
}
