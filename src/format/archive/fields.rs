//! The datasets of `/items`: declared once, and made with the identity of every item.

use hdf5::types::TypeDescriptor;
use hdf5::{Dataset, File, H5Type};

use super::items::{ItemLayout, State};
use super::layout::{HOST_LENGTH, ITEMS};
use crate::analysis::axis::counted;
use crate::format::row::REASON_LENGTH;
use crate::format::scale;
use crate::format::schema::{ScenarioSchema, Shape};
use crate::format::slab::{self, Block, Storage};
use crate::system::program::{PROCESSOR_LENGTH, PROGRAM_LENGTH};

/// Replicas whose items are described at once.
const REPLICAS_AT_ONCE: usize = 1024;

/// Name, type, unit and meaning of a dataset with one value for every item.
type ItemField = (&'static str, TypeDescriptor, &'static str, &'static str);

/// Every dataset, in the order of the file.
fn fields(part_length: usize) -> [ItemField; 11] {
    let text = TypeDescriptor::FixedAscii;
    let since = "seconds since 1970-01-01 00:00:00";
    let checksum = "XXH3 of identity, outcome and the bytes of the row";
    [
        ("scenario", i32::type_descriptor(), "1", "index of the scenario"),
        ("replica", i64::type_descriptor(), "1", "index of the solid in the ensemble"),
        ("part", text(part_length), "", "solid, or parameterisation[directions]"),
        ("state", u8::type_descriptor(), "1", "a row that is not done has no meaning"),
        ("checksum", u64::type_descriptor(), "1", checksum),
        ("reason", text(REASON_LENGTH), "", "why the item failed"),
        ("seconds", f64::type_descriptor(), "s", "time that the item took"),
        ("program", text(PROGRAM_LENGTH), "", "which program computed the item"),
        ("processor", text(PROCESSOR_LENGTH), "", "kind of processor that computed the item"),
        ("host", text(HOST_LENGTH), "", "where the item was computed"),
        ("finished", f64::type_descriptor(), since, "when the item was finished (UTC)"),
    ]
}

/// The names of the parts of every scenario.
fn part_names(schemas: &[ScenarioSchema]) -> Vec<Vec<String>> {
    let names =
        |schema: &ScenarioSchema| schema.parts.iter().map(|part| schema.part_name(part)).collect();
    schemas.iter().map(names).collect()
}

fn longest(names: &[Vec<String>]) -> usize {
    names.iter().flatten().map(String::len).max().unwrap_or(0).max(1)
}

/// Name and type of every dataset, and the number of items.
pub(super) fn types(shape: &Shape) -> (Vec<(&'static str, TypeDescriptor)>, usize) {
    let fields = fields(longest(&part_names(&shape.schemas)));
    let items = ItemLayout::new(shape.replicas, &shape.schemas).items();
    (fields.into_iter().map(|(name, datatype, ..)| (name, datatype)).collect(), items as usize)
}

/// Bytes of a row of `/items`, its index included.
pub fn item_bytes(schemas: &[ScenarioSchema]) -> u64 {
    let fields = fields(longest(&part_names(schemas)));
    let index = size_of::<i64>();
    fields.iter().map(|(_, datatype, ..)| datatype.size()).sum::<usize>() as u64 + index as u64
}

/// Makes `/items`: every item is pending.
pub(super) fn create(file: &File, shape: &Shape, storage: Storage) -> hdf5::Result<()> {
    let names = part_names(&shape.schemas);
    let group = file.create_group(ITEMS)?;
    let items = ItemLayout::new(shape.replicas, &shape.schemas).items() as usize;
    let axis = counted("item", items, "work item: a part of a replica of a scenario");
    let scale = scale::create(&group, &axis)?;
    let mut datasets = Vec::new();
    for (name, datatype, unit, description) in fields(longest(&names)) {
        let dataset = slab::create_as(storage, &group, name, &datatype, &[axis.length])?;
        if !unit.is_empty() {
            slab::text_attribute(&dataset, "units", unit)?;
        }
        slab::describe(&dataset, description)?;
        slab::attach_scale(&dataset, &scale, 0)?;
        if name == "scenario" {
            let codes: Vec<u8> = (0..names.len() as i32).flat_map(i32::to_ne_bytes).collect();
            let scenarios: Vec<&str> = shape.schemas.iter().map(|it| it.name.as_str()).collect();
            slab::flag_attributes(&dataset, &codes, &scenarios, &datatype)?;
        } else if name == "state" {
            let (codes, states) = (State::ALL.map(|it| it as u8), State::ALL.map(State::name));
            slab::flag_attributes(&dataset, &codes, &states, &datatype)?;
        }
        datasets.push(dataset);
    }
    write_identities(&datasets, &names, shape)
}

/// Scenario, replica and part of every item: the first three datasets.
fn write_identities(
    datasets: &[Dataset],
    names: &[Vec<String>],
    shape: &Shape,
) -> hdf5::Result<()> {
    let longest = longest(names);
    let mut row = 0;
    for (index, parts) in names.iter().enumerate() {
        for slot in (0..shape.replicas).step_by(REPLICAS_AT_ONCE) {
            let slots = slot..(slot + REPLICAS_AT_ONCE as u64).min(shape.replicas);
            let solids = (slots.end - slots.start) as usize;
            let block = Block::range(row, (solids * parts.len()) as u64);
            let scenarios = (index as i32).to_ne_bytes().repeat(solids * parts.len());
            slab::write(&datasets[0], &block, &scenarios)?;
            let replica = |slot: u64| (shape.first_replica + slot).cast_signed().to_ne_bytes();
            let replicas = slots.flat_map(|slot| replica(slot).repeat(parts.len()));
            slab::write(&datasets[1], &block, &replicas.collect::<Vec<u8>>())?;
            slab::write(&datasets[2], &block, &slab::pad(parts, longest).repeat(solids))?;
            row += block.values();
        }
    }
    Ok(())
}
