//! Writes solid files, also impossible ones.
#![allow(dead_code)]

use std::path::Path;

use amorph::format::solid_file::SolidData;

/// Writes a solid into the group `group` of a new file.
pub fn write(path: &Path, group: &str, data: &SolidData) {
    // Without HDF5's lock: the children of other tests would inherit it.
    let file = hdf5::File::with_options()
        .with_fapl(|access| access.sec2().file_locking(false))
        .create(path)
        .unwrap();
    let group =
        if group == "/" { file.group("/").unwrap() } else { file.create_group(group).unwrap() };
    let (d, n, n_sp) = (data.edges.len(), data.species.len(), data.diameters.len());
    let floats = |name: &str, shape: &[usize], values: &[f64]| {
        group.new_dataset::<f64>().shape(shape).create(name).unwrap().write_raw(values).unwrap();
    };
    let axes = if data.positions.len().is_multiple_of(d) { d } else { data.positions.len() / n };
    floats("positions", &[data.positions.len() / axes, axes], &data.positions);
    floats("box", &[d], &data.edges);
    floats("diameters", &[n_sp], &data.diameters);
    floats("k", &[n_sp, n_sp], &data.k);
    floats("B", &[n_sp, n_sp], &data.depths);
    let species: Vec<i64> = data.species.iter().map(|&s| s as i64).collect();
    group.new_dataset::<i64>().shape(n).create("species").unwrap().write_raw(&species).unwrap();
    if let Some(factors) = &data.size_factors {
        floats("size_factor", &[factors.len()], factors);
    }
    group.new_attr::<f64>().create("exponent").unwrap().write_scalar(&data.exponent).unwrap();
    group.new_attr::<f64>().create("a").unwrap().write_scalar(&data.a).unwrap();
    if let Some((values, columns)) = &data.directions {
        floats("directions", &[values.len() / columns, *columns], values);
    }
}
