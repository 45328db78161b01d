//! The output of `measure`: datasets collected in memory, then written under a temporary name.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use hdf5::types::VarLenUnicode;
use hdf5::{Dataset as Handle, File, Group, H5Type};

use super::access;
use super::slab::{self, text_attribute};
use super::{labels, scale};
use crate::analysis::axis::Axis;
use crate::analysis::quantity::{Along, Quantity};
use crate::analysis::unit::Units;
use crate::analysis::values::Values;
use crate::system::temporary::{sweep, temporary};

/// The attribute `format` of the output.
pub const FORMAT: &str = "amorph-measurement";
/// What the datasets with the names of features and parameters were called by earlier programs.
const EARLIER_LABELS: &str = "_labels";

/// An output of `measure` that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum MeasurementError {
    #[error("{}: exists already; it is never overwritten: give another output", .0.display())]
    Exists(PathBuf),
    #[error("{}: cannot {action}: {source}", path.display())]
    Io { path: PathBuf, action: &'static str, source: std::io::Error },
    #[error("{}: cannot write the output: {message}", path.display())]
    Hdf5 { path: PathBuf, message: String },
    #[error("{}: dataset {name}: {reason}", path.display())]
    Dataset { path: PathBuf, name: String, reason: String },
}

impl MeasurementError {
    /// Can the user mend it by another file?
    pub fn is_usage(&self) -> bool {
        match self {
            MeasurementError::Exists(_) => true,
            MeasurementError::Io { source, .. } => matches!(
                source.kind(),
                std::io::ErrorKind::NotFound
                    | std::io::ErrorKind::PermissionDenied
                    | std::io::ErrorKind::NotADirectory
                    | std::io::ErrorKind::ReadOnlyFilesystem
            ),
            MeasurementError::Hdf5 { .. } | MeasurementError::Dataset { .. } => false,
        }
    }
}

/// One dataset of the output.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    pub path: String,
    /// No axis: one value.
    pub axes: Vec<Axis>,
    pub values: Values,
    pub units: String,
    pub description: String,
    /// Codes and their names, where the values are codes.
    pub flags: Vec<(u8, &'static str)>,
}

/// An attribute of the root.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    Text(String),
    Number(f64),
}

/// Collects datasets and attributes.
pub struct Output {
    /// Of y and θ.
    pub units: Units,
    pub datasets: Vec<Dataset>,
    pub attributes: Vec<(&'static str, Attribute)>,
}

impl Output {
    /// Nothing yet.
    pub fn new(units: Units) -> Self {
        Output { units, datasets: Vec::new(), attributes: Vec::new() }
    }

    fn push(&mut self, path: &str, axes: &[Axis], values: Values, units: &str, text: &str) {
        self.datasets.push(Dataset {
            path: path.to_owned(),
            axes: axes.to_vec(),
            values,
            units: units.to_owned(),
            description: text.to_owned(),
            flags: Vec::new(),
        });
    }

    /// A text attribute.
    pub fn text(&mut self, name: &'static str, text: impl Into<String>) {
        self.attributes.push((name, Attribute::Text(text.into())));
    }

    /// A number as an attribute.
    pub fn number(&mut self, name: &'static str, value: f64) {
        self.attributes.push((name, Attribute::Number(value)));
    }

    /// Floats.
    pub fn floats(
        &mut self,
        path: &str,
        axes: &[Axis],
        values: Vec<f64>,
        units: &str,
        description: &str,
    ) {
        self.push(path, axes, Values::F64(values), units, description);
    }

    /// Counts; one beyond the range stands at its end.
    pub fn counts(
        &mut self,
        path: &str,
        axes: &[Axis],
        values: impl IntoIterator<Item = usize>,
        description: &str,
    ) {
        let values = values.into_iter().map(|v| i32::try_from(v).unwrap_or(i32::MAX)).collect();
        self.push(path, axes, Values::I32(values), "1", description);
    }

    /// A quantity of some results, where the file of one solid holds it; `first` is their axis,
    /// `axis` gives the others.
    pub fn quantity<T>(
        &mut self,
        group: &str,
        quantity: &Quantity<T>,
        of: &[T],
        first: Option<&Axis>,
        axis: impl Fn(Along) -> Axis,
    ) {
        let Some((name, description)) = quantity.alone else { return };
        let mut values = Values::none(quantity.kind());
        of.iter().for_each(|result| values.append(quantity.values(result)));
        let along = quantity.along.iter().map(|&along| axis(along));
        self.datasets.push(Dataset {
            path: format!("{group}{name}"),
            axes: first.cloned().into_iter().chain(along).collect(),
            values,
            units: quantity.unit(&self.units),
            description: description.to_owned(),
            flags: quantity.codes(),
        });
    }
}

/// Refuses an output that exists.
pub fn refuse_existing(path: &Path) -> Result<(), MeasurementError> {
    if path.symlink_metadata().is_ok() {
        return Err(MeasurementError::Exists(path.to_owned()));
    }
    Ok(())
}

/// Writes the file under a temporary name and gives it its own: it is never seen half made.
pub fn write(path: &Path, output: &Output) -> Result<(), MeasurementError> {
    sweep(path);
    let temporary = temporary(path);
    let io = |action| move |source| MeasurementError::Io { path: path.to_owned(), action, source };
    // HDF5 reports a failed creation without the reason of the system.
    std::fs::File::create(&temporary).map_err(io("create the file"))?;
    let result = fill(&temporary, output)
        .map_err(|error| MeasurementError::Hdf5 {
            path: path.to_owned(),
            message: error.to_string(),
        })
        .and_then(|()| {
            // The data must be on the disk before the name is.
            let file = std::fs::File::open(&temporary).map_err(io("reopen the file"))?;
            file.sync_all().map_err(io("sync the file"))?;
            refuse_existing(path)?;
            std::fs::rename(&temporary, path).map_err(io("name the file"))
        });
    if result.is_err() {
        // The error to report is the first one.
        let _ = std::fs::remove_file(&temporary);
    }
    result
}

fn fill(path: &Path, output: &Output) -> hdf5::Result<()> {
    let file = access::checksummed().create(path)?;
    for (name, attribute) in &output.attributes {
        match attribute {
            Attribute::Text(text) => text_attribute(&file, name, text)?,
            Attribute::Number(value) => {
                file.new_attr::<f64>().create(*name)?.write_scalar(value)?;
            }
        }
    }
    let (mut groups, mut scales) = (HashSet::new(), HashMap::new());
    for dataset in &output.datasets {
        let home = dataset.path.rsplit_once('/').map_or("", |(group, _)| group);
        if !home.is_empty() && groups.insert(home) {
            file.create_group(home)?;
        }
        let handle = match &dataset.values {
            Values::F64(values) => create(&file, dataset, values)?,
            Values::I32(values) => create(&file, dataset, values)?,
            Values::U8(values) => create(&file, dataset, values)?,
        };
        text_attribute(&handle, "units", &dataset.units)?;
        slab::describe(&handle, &dataset.description)?;
        for (index, axis) in dataset.axes.iter().enumerate() {
            let scale = match scales.entry((home, &axis.name)) {
                Entry::Occupied(made) => made.into_mut(),
                Entry::Vacant(place) => {
                    let group = if home.is_empty() { file.as_group()? } else { file.group(home)? };
                    place.insert(scale::create(&group, axis)?)
                }
            };
            slab::attach_scale(&handle, scale, index)?;
        }
        if !dataset.flags.is_empty() {
            let (codes, names): (Vec<u8>, Vec<&str>) = dataset.flags.iter().copied().unzip();
            let attribute = handle.new_attr::<u8>().shape(codes.len()).create("flag_values")?;
            attribute.write_raw(&codes)?;
            text_attribute(&handle, "flag_meanings", &names.join(" "))?;
        }
    }
    file.flush()?;
    file.close()
}

fn create<T: H5Type>(file: &Group, dataset: &Dataset, values: &[T]) -> hdf5::Result<Handle> {
    let handle = file
        .new_dataset::<T>()
        .obj_track_times(false)
        .shape(dataset.axes.iter().map(|axis| axis.length).collect::<Vec<_>>())
        .create(dataset.path.as_str())?;
    handle.write_raw(values)?;
    Ok(handle)
}

/// An output of `measure`, opened for reading.
pub struct Measurement {
    path: PathBuf,
    file: File,
}

impl Measurement {
    /// Opens a file; none where it is no output of `measure`.
    pub fn open(path: &Path) -> Option<Self> {
        Self::open_as(path, FORMAT)
    }

    /// Opens a file of this format; none where it is another one.
    pub fn open_as(path: &Path, wanted: &str) -> Option<Self> {
        let file = access::unlocked().open(path).ok()?;
        let format = slab::read_text(&file, "format").ok().or_else(|| {
            // Earlier programs wrote text of variable length.
            let text = file.attr("format").ok()?.read_scalar::<VarLenUnicode>().ok()?;
            Some(text.as_str().to_owned())
        })?;
        (format == wanted).then(|| Measurement { path: path.to_owned(), file })
    }

    /// The file.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Whether there is a group of this name.
    pub fn has_group(&self, name: &str) -> bool {
        self.file.group(name).is_ok()
    }

    /// The shape of a dataset.
    pub fn shape(&self, name: &str) -> Result<Vec<usize>, MeasurementError> {
        self.dataset(name).map(|dataset| dataset.shape())
    }

    /// How many names an axis has.
    pub fn length(&self, along: Along) -> Result<usize, MeasurementError> {
        self.shape(&self.axis(along)).map(|shape| shape.iter().product())
    }

    /// The names along an axis, so many.
    pub fn names(&self, along: Along, length: usize) -> Result<Vec<String>, MeasurementError> {
        self.labels(&self.axis(along), length)
    }

    /// The texts of a dataset, so many.
    pub fn labels(&self, name: &str, length: usize) -> Result<Vec<String>, MeasurementError> {
        self.checked(name, length, labels::read)
    }

    fn axis(&self, along: Along) -> String {
        let earlier = format!("{}{EARLIER_LABELS}", along.name());
        if self.file.link_exists(&earlier) { earlier } else { along.name().to_owned() }
    }

    /// A text attribute of the root.
    pub fn text(&self, name: &str) -> Result<String, MeasurementError> {
        slab::read_text(&self.file, name).map_err(|error| self.wrong(name, error.to_string()))
    }

    /// A number that is an attribute of the root.
    pub fn number(&self, name: &str) -> Result<f64, MeasurementError> {
        let attribute = self.file.attr(name).and_then(|attribute| attribute.read_scalar::<f64>());
        attribute.map_err(|error| self.wrong(name, error.to_string()))
    }

    /// The values of a dataset, of this length.
    pub fn read<T: H5Type>(&self, name: &str, length: usize) -> Result<Vec<T>, MeasurementError> {
        self.checked(name, length, access::read_all)
    }

    fn dataset(&self, name: &str) -> Result<Handle, MeasurementError> {
        self.file.dataset(name).map_err(|error| self.wrong(name, error.to_string()))
    }

    fn wrong(&self, name: &str, reason: String) -> MeasurementError {
        MeasurementError::Dataset { path: self.path.clone(), name: name.to_owned(), reason }
    }

    fn checked<T>(
        &self,
        name: &str,
        length: usize,
        read: impl Fn(&Handle) -> hdf5::Result<Vec<T>>,
    ) -> Result<Vec<T>, MeasurementError> {
        let values =
            read(&self.dataset(name)?).map_err(|error| self.wrong(name, error.to_string()))?;
        if values.len() == length {
            Ok(values)
        } else {
            Err(self.wrong(name, format!("{} values; expected {length}", values.len())))
        }
    }
}
