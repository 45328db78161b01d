//! The output of `measure`: datasets collected in memory, then written under a temporary name.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use hdf5::types::{FixedAscii, VarLenUnicode};
use hdf5::{Dataset as Handle, File, Group, H5Type};

use super::access;
use super::slab::{self, text_attribute};
use crate::analysis::quantity::{Along, Quantity};
use crate::analysis::values::Values;
use crate::system::temporary::{sweep, temporary};

/// The attribute `format` of the output.
pub const FORMAT: &str = "amorph-measurement";
/// The dataset with the names of the parameters.
pub const PARAMETER_LABELS: &str = "parameter_labels";

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

/// Bytes of a stored label: `sigma_1000000_1000000` has 21.
const LABEL_LENGTH: usize = 32;
/// A stored label.
type Label = FixedAscii<LABEL_LENGTH>;

/// The values of a dataset.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    Values(Values),
    Labels(Vec<String>),
}

/// One dataset of the output.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    pub path: String,
    /// No axis: one value.
    pub shape: Vec<usize>,
    pub data: Data,
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
#[derive(Default)]
pub struct Output {
    /// d
    pub dimension: usize,
    pub datasets: Vec<Dataset>,
    pub attributes: Vec<(&'static str, Attribute)>,
}

impl Output {
    fn push(&mut self, path: &str, shape: &[usize], data: Data, units: &str, text: &str) {
        self.datasets.push(Dataset {
            path: path.to_owned(),
            shape: shape.to_vec(),
            data,
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
        shape: &[usize],
        values: Vec<f64>,
        units: &str,
        description: &str,
    ) {
        self.push(path, shape, Data::Values(Values::F64(values)), units, description);
    }

    /// Counts; one beyond the range stands at its end.
    pub fn counts(
        &mut self,
        path: &str,
        shape: &[usize],
        values: impl IntoIterator<Item = usize>,
        description: &str,
    ) {
        let values = values.into_iter().map(|v| i32::try_from(v).unwrap_or(i32::MAX)).collect();
        self.push(path, shape, Data::Values(Values::I32(values)), "1", description);
    }

    /// A quantity of some results, where the file of one solid holds it; `first` is their axis,
    /// `length` the number of ticks along the others.
    pub fn quantity<T>(
        &mut self,
        group: &str,
        quantity: &Quantity<T>,
        of: &[T],
        first: Option<usize>,
        length: impl Fn(Along) -> usize,
    ) {
        let Some((name, description)) = quantity.alone else { return };
        let mut values = Values::none(quantity.kind());
        of.iter().for_each(|result| values.append(quantity.values(result)));
        let along = quantity.along.iter().map(|&along| length(along));
        self.datasets.push(Dataset {
            path: format!("{group}{name}"),
            shape: first.into_iter().chain(along).collect(),
            data: Data::Values(values),
            units: quantity.unit(self.dimension),
            description: description.to_owned(),
            flags: quantity.codes(),
        });
    }

    /// Text.
    pub fn labels(&mut self, path: &str, labels: Vec<String>, description: &str) {
        self.push(path, &[labels.len()], Data::Labels(labels), "", description);
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
    let mut groups = HashSet::new();
    for dataset in &output.datasets {
        if let Some((group, _)) = dataset.path.rsplit_once('/')
            && groups.insert(group)
        {
            file.create_group(group)?;
        }
        let handle = match &dataset.data {
            Data::Values(Values::F64(values)) => create(&file, dataset, values)?,
            Data::Values(Values::I32(values)) => create(&file, dataset, values)?,
            Data::Values(Values::U8(values)) => create(&file, dataset, values)?,
            Data::Labels(labels) => {
                let cells: Result<Vec<Label>, _> = labels.iter().map(Label::from_ascii).collect();
                create(&file, dataset, &cells.map_err(|error| error.to_string())?)?
            }
        };
        if !dataset.units.is_empty() {
            text_attribute(&handle, "units", &dataset.units)?;
        }
        text_attribute(&handle, "description", &dataset.description)?;
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
        .shape(dataset.shape.as_slice())
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

    /// Whether there is a group of this name.
    pub fn has_group(&self, name: &str) -> bool {
        self.file.group(name).is_ok()
    }

    /// The number of values of a dataset.
    pub fn length(&self, name: &str) -> Result<usize, MeasurementError> {
        let dataset = self.file.dataset(name);
        dataset.map(|dataset| dataset.size()).map_err(|error| self.wrong(name, error.to_string()))
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

    fn wrong(&self, name: &str, reason: String) -> MeasurementError {
        let (path, name) = (self.path.clone(), name.to_owned());
        MeasurementError::Dataset { path, name, reason }
    }

    /// The labels of a dataset, of this length.
    pub fn labels(&self, name: &str, length: usize) -> Result<Vec<String>, MeasurementError> {
        let labels: Vec<Label> = self.read(name, length)?;
        Ok(labels.iter().map(|label| label.as_str().to_owned()).collect())
    }

    /// The values of a dataset, of this length.
    pub fn read<T: H5Type>(&self, name: &str, length: usize) -> Result<Vec<T>, MeasurementError> {
        let wrong = |reason: String| self.wrong(name, reason);
        let values = self
            .file
            .dataset(name)
            .and_then(|dataset| access::read_all::<T>(&dataset))
            .map_err(|error| wrong(error.to_string()))?;
        if values.len() == length {
            Ok(values)
        } else {
            Err(wrong(format!("{} values; expected {length}", values.len())))
        }
    }
}
