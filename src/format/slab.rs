//! Raw access to blocks of a dataset, and the few HDF5 calls that the safe crate lacks.
//!
//! Bytes go to and from the file as they are: the memory type is the file's own.

use std::ffi::CString;

use hdf5::types::TypeDescriptor;
use hdf5::{Dataset, Datatype, Group, Location, Result};
use hdf5_sys::h5::{herr_t, hsize_t};
use hdf5_sys::h5a::{H5Aclose, H5Acreate2, H5Awrite};
use hdf5_sys::h5d::{H5Dread, H5Dwrite};
use hdf5_sys::h5i::hid_t;
use hdf5_sys::h5p::H5P_DEFAULT;
use hdf5_sys::h5s::{
    H5S_SELECT_SET, H5S_class_t, H5Sclose, H5Screate, H5Screate_simple, H5Sselect_hyperslab,
};

#[link(name = "hdf5_hl")]
unsafe extern "C" {
    fn H5DSset_scale(dataset: hid_t, name: *const std::ffi::c_char) -> herr_t;
    fn H5DSattach_scale(dataset: hid_t, scale: hid_t, axis: std::ffi::c_uint) -> herr_t;
}

/// The longest text of an attribute that is read [bytes]: a damaged file may say any length.
const LONGEST_TEXT: usize = 1 << 20;

/// A block of a dataset: first index and length along every axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub start: Vec<u64>,
    pub count: Vec<u64>,
}

impl Block {
    /// A range of a one-dimensional dataset.
    pub fn range(start: u64, count: u64) -> Self {
        Block { start: vec![start], count: vec![count] }
    }

    /// Number of values.
    pub fn values(&self) -> u64 {
        self.count.iter().product()
    }
}

fn check(status: herr_t) -> Result<()> {
    hdf5::h5check(status).map(|_| ())
}

/// A data space that is closed when it goes out of scope.
struct Space(hid_t);

impl Space {
    fn new(shape: &[hsize_t]) -> Result<Self> {
        // SAFETY: the pointer holds as many lengths as the rank says; a null pointer means that
        // the largest shape is the shape itself.
        let id = unsafe { H5Screate_simple(shape.len() as i32, shape.as_ptr(), std::ptr::null()) };
        Ok(Space(hdf5::h5check(id)?))
    }

    /// One value without axes.
    fn scalar() -> Result<Self> {
        // SAFETY: a plain call.
        Ok(Space(hdf5::h5check(unsafe { H5Screate(H5S_class_t::H5S_SCALAR) })?))
    }

    fn select(&self, block: &Block) -> Result<()> {
        // SAFETY: both vectors hold one value for each axis of the space (checked by `transfer`).
        check(unsafe {
            H5Sselect_hyperslab(
                self.0,
                H5S_SELECT_SET,
                block.start.as_ptr(),
                std::ptr::null(),
                block.count.as_ptr(),
                std::ptr::null(),
            )
        })
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        // SAFETY: the identifier is ours and still open.
        unsafe { H5Sclose(self.0) };
    }
}

/// The shape of a dataset that holds the block.
fn shape_around(dataset: &Dataset, block: &Block) -> Result<Vec<u64>> {
    let shape: Vec<u64> = dataset.shape().iter().map(|&length| length as u64).collect();
    let inside = shape.len() == block.start.len()
        && shape.len() == block.count.len()
        && block.start.iter().zip(&block.count).zip(&shape).all(|((s, c), n)| s + c <= *n);
    if inside {
        Ok(shape)
    } else {
        Err(format!("{}: block {block:?} of shape {shape:?}", dataset.name()).into())
    }
}

/// Calls `body` with (memory type, memory space, file space) after checking that `bytes` is the
/// size of the block.
fn transfer(
    dataset: &Dataset,
    block: &Block,
    bytes: usize,
    body: impl FnOnce(hid_t, hid_t, hid_t) -> herr_t,
) -> Result<()> {
    let datatype = dataset.dtype()?;
    // Blocks of curves lie beyond the end of their dataset for later replicas, and are empty.
    if block.values() == 0 && bytes == 0 {
        return Ok(());
    }
    let shape = shape_around(dataset, block)?;
    if bytes as u64 != block.values() * datatype.size() as u64 {
        return Err(format!("{}: {bytes} bytes for block {block:?}", dataset.name()).into());
    }
    hdf5::sync::sync(|| {
        let memory = Space::new(&[block.values()])?;
        let file = Space::new(&shape)?;
        if !block.start.is_empty() {
            file.select(block)?;
        }
        check(body(datatype.id(), memory.0, file.0))
    })
}

/// Writes a block, independently of other ranks.
pub(super) fn write(dataset: &Dataset, block: &Block, bytes: &[u8]) -> Result<()> {
    transfer(dataset, block, bytes.len(), |datatype, memory, file| {
        // SAFETY: `transfer` has checked that the buffer has the size of the selection.
        unsafe {
            H5Dwrite(dataset.id(), datatype, memory, file, H5P_DEFAULT, bytes.as_ptr().cast())
        }
    })
}

/// Reads a block.
pub(super) fn read(dataset: &Dataset, block: &Block) -> Result<Vec<u8>> {
    // An empty block may lie beyond the end, and takes no memory.
    if block.values() > 0 {
        shape_around(dataset, block)?;
    }
    let mut bytes = vec![0; block.values() as usize * dataset.dtype()?.size()];
    let (length, pointer) = (bytes.len(), bytes.as_mut_ptr());
    transfer(dataset, block, length, |datatype, memory, file| {
        // SAFETY: `transfer` has checked that the buffer has the size of the selection.
        unsafe { H5Dread(dataset.id(), datatype, memory, file, H5P_DEFAULT, pointer.cast()) }
    })?;
    Ok(bytes)
}

/// Makes a dataset a dimension scale.
pub(super) fn set_scale(dataset: &Dataset, name: &str) -> Result<()> {
    let name = CString::new(name).map_err(|error| error.to_string())?;
    // SAFETY: the dataset is open and the name ends with a zero byte.
    hdf5::sync::sync(|| check(unsafe { H5DSset_scale(dataset.id(), name.as_ptr()) }))
}

/// Attaches a scale to an axis of a dataset.
pub(super) fn attach_scale(dataset: &Dataset, scale: &Dataset, axis: usize) -> Result<()> {
    // SAFETY: both datasets are open.
    hdf5::sync::sync(|| check(unsafe { H5DSattach_scale(dataset.id(), scale.id(), axis as u32) }))
}

/// How the values of a dataset lie in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In one piece, allocated at once: every rank writes its own part of it.
    Contiguous,
    /// In compressed chunks of whole rows: for files that are complete.
    Compressed,
}

impl Storage {
    /// Its word in the file.
    pub fn name(self) -> &'static str {
        match self {
            Storage::Contiguous => "contiguous",
            Storage::Compressed => "compressed",
        }
    }
}

/// Bytes of a chunk, where a row is not longer.
const CHUNK: usize = 1 << 18;

/// Datasets below this size are not worth a chunk [bytes].
const SMALL: usize = 1 << 12;

/// zlib's level: higher ones take far longer for a few per cent.
const LEVEL: u8 = 4;

/// A dataset in one piece, allocated at once, never filled, without times.
pub(super) fn create(
    group: &Group,
    name: &str,
    datatype: &TypeDescriptor,
    shape: &[usize],
) -> Result<Dataset> {
    create_as(Storage::Contiguous, group, name, datatype, shape)
}

/// A dataset that is stored like this; small ones always in one piece.
pub(super) fn create_as(
    storage: Storage,
    group: &Group,
    name: &str,
    datatype: &TypeDescriptor,
    shape: &[usize],
) -> Result<Dataset> {
    use hdf5::plist::dataset_create::{AllocTime, FillTime};
    let builder =
        group.new_dataset_builder().empty_as(datatype).shape(shape).obj_track_times(false);
    let bytes = shape.iter().product::<usize>() * datatype.size();
    if storage == Storage::Contiguous || bytes < SMALL {
        let builder = builder.alloc_time(Some(AllocTime::Early)).fill_time(FillTime::Never);
        return builder.create(name);
    }
    let mut chunk = shape.to_vec();
    chunk[0] = (CHUNK * shape[0] / bytes).clamp(1, shape[0]);
    builder.chunk(chunk).shuffle().deflate(LEVEL).create(name)
}

/// Text in cells of equal length, padded with zero bytes; longer ones are cut.
pub(super) fn pad(texts: &[String], length: usize) -> Vec<u8> {
    let mut bytes = vec![0; texts.len() * length];
    for (cell, text) in bytes.chunks_mut(length).zip(texts) {
        let count = text.len().min(length);
        cell[..count].copy_from_slice(&text.as_bytes()[..count]);
    }
    bytes
}

/// Makes an attribute from raw bytes; by the C interface, which takes half the time of the builder:
/// a results file has hundreds of them.
fn write_attribute(
    location: &Location,
    name: &str,
    datatype: &TypeDescriptor,
    shape: &[usize],
    bytes: &[u8],
) -> Result<()> {
    let datatype = Datatype::from_descriptor(datatype)?;
    if bytes.len() != datatype.size() * shape.iter().product::<usize>() {
        return Err(format!("attribute {name}: wrong number of bytes").into());
    }
    let name = CString::new(name).map_err(|error| error.to_string())?;
    let shape: Vec<hsize_t> = shape.iter().map(|&length| length as hsize_t).collect();
    hdf5::sync::sync(|| {
        let space = if shape.is_empty() { Space::scalar()? } else { Space::new(&shape)? };
        let (location, datatype) = (location.id(), datatype.id());
        // SAFETY: location, type and space are open, and the name ends with a zero byte.
        let attribute = hdf5::h5check(unsafe {
            H5Acreate2(location, name.as_ptr(), datatype, space.0, H5P_DEFAULT, H5P_DEFAULT)
        })?;
        // SAFETY: the buffer has the attribute's size, checked above; the attribute is ours.
        let (written, closed) =
            unsafe { (H5Awrite(attribute, datatype, bytes.as_ptr().cast()), H5Aclose(attribute)) };
        check(written).and(check(closed))
    })
}

/// A text attribute, of fixed length.
pub(super) fn text_attribute(location: &Location, name: &str, text: &str) -> Result<()> {
    let length = text.len().max(1);
    let bytes = pad(&[text.to_owned()], length);
    write_attribute(location, name, &TypeDescriptor::FixedUnicode(length), &[], &bytes)
}

/// Where a description ends being a title.
const AFTER_TITLE: [char; 4] = [',', ';', ':', '('];

/// What a dataset is: its `description`, and the beginning of that as CF's `long_name`, which plots
/// are labelled with.
pub(super) fn describe(dataset: &Dataset, description: &str) -> Result<()> {
    let title = description.split(AFTER_TITLE).next().unwrap_or(description);
    text_attribute(dataset, "long_name", title.trim_end())?;
    text_attribute(dataset, "description", description)
}

/// An integer attribute.
pub(super) fn integer_attribute(location: &Location, name: &str, value: i64) -> Result<()> {
    use hdf5::H5Type;
    write_attribute(location, name, &i64::type_descriptor(), &[], &value.to_ne_bytes())
}

/// The CF attributes of a column of codes; `datatype` is the column's.
pub(super) fn flag_attributes(
    dataset: &Dataset,
    codes: &[u8],
    meanings: &[&str],
    datatype: &TypeDescriptor,
) -> Result<()> {
    write_attribute(dataset, "flag_values", datatype, &[meanings.len()], codes)?;
    text_attribute(dataset, "flag_meanings", &meanings.join(" "))
}

/// The text of an attribute of fixed or variable length.
pub(super) fn read_text(location: &Location, name: &str) -> Result<String> {
    use hdf5_sys::h5a::H5Aread;
    let attribute = location.attr(name)?;
    let datatype = attribute.dtype()?;
    match datatype.to_descriptor()? {
        TypeDescriptor::FixedAscii(_) | TypeDescriptor::FixedUnicode(_)
            if attribute.size() == 1 && datatype.size() <= LONGEST_TEXT =>
        {
            let mut bytes = vec![0_u8; datatype.size()];
            // SAFETY: one value of the attribute's type fits the buffer.
            hdf5::sync::sync(|| {
                check(unsafe { H5Aread(attribute.id(), datatype.id(), bytes.as_mut_ptr().cast()) })
            })?;
            let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
            Ok(String::from_utf8_lossy(&bytes[..end]).into_owned())
        }
        other => {
            Err(format!("attribute {name} is {other:?}, not one short text of fixed length").into())
        }
    }
}
