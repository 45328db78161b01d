//! The house: no file imports from a floor above its own, and no files import each other in a
//! circle. The floors are those of docs/architecture.md, written down once, here and there in the
//! same order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// From the top to the ground.
const FLOORS: [&str; 11] = [
    "cli",
    "report",
    "study",
    "format",
    "design",
    "analysis",
    "linearity",
    "response",
    "relax",
    "solid",
    "system",
];

/// A file of `src/` as its module path (`study::config`), with its text.
type Files = BTreeMap<String, String>;

/// The text without comments, strings and what follows the unit tests.
fn code(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let mut kept = String::new();
    for line in text[..end].lines() {
        kept.push_str(line.split("//").next().unwrap_or(""));
        kept.push('\n');
    }
    kept
}

/// Every path `{a, b::{c, d}}` of a `use` tree.
fn expand(tree: &str) -> Vec<Vec<String>> {
    let Some(open) = tree.find('{') else {
        let path = tree.split(" as ").next().unwrap_or("");
        return vec![path.split("::").map(|part| part.trim().to_owned()).collect()];
    };
    let prefix: Vec<String> = tree[..open]
        .split("::")
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect();
    let (mut depth, mut start, mut parts) = (0, open + 1, Vec::new());
    for (at, c) in tree.char_indices().skip(open) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if (c == ',' && depth == 1) || (c == '}' && depth == 0) {
            parts.push(tree[start..at].trim());
            start = at + 1;
        }
    }
    let inner = parts.into_iter().filter(|part| !part.is_empty()).flat_map(expand);
    inner.map(|path| [prefix.clone(), path].concat()).collect()
}

/// (is it `pub use`, path) of every `use` item, and of every `crate::…` or `super::…` in the code.
fn paths(text: &str) -> Vec<(bool, Vec<String>)> {
    let text = code(text);
    let mut found = Vec::new();
    let mut rest = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start();
        let public = trimmed.starts_with("pub");
        let item = trimmed.strip_prefix("use ").or_else(|| {
            let (visibility, tree) = trimmed.split_once("use ")?;
            let visibility = visibility.trim();
            (visibility == "pub" || visibility.starts_with("pub(")).then_some(tree)
        });
        let Some(item) = item else {
            rest.push_str(line);
            rest.push('\n');
            continue;
        };
        let mut tree = item.to_owned();
        while !tree.contains(';') {
            let Some(next) = lines.next() else { break };
            tree.push_str(next.trim());
        }
        let tree = tree.split(';').next().unwrap_or("").to_owned();
        found.extend(expand(&tree).into_iter().map(|path| (public, path)));
    }
    let words = rest.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    for word in words.filter(|word| word.starts_with("crate::") || word.starts_with("super::")) {
        found.push((false, word.split("::").map(str::to_owned).collect()));
    }
    found
}

/// The absolute module path of a path that a file writes; none where it leaves the crate.
fn absolute(files: &Files, file: &str, path: &[String]) -> Option<Vec<String>> {
    let mut base: Vec<String> = file.split("::").map(str::to_owned).collect();
    let mut path = path.iter().peekable();
    match path.peek()?.as_str() {
        "crate" => {
            base.clear();
            path.next();
        }
        "self" => {
            path.next();
        }
        "super" => {
            while path.peek().is_some_and(|part| *part == "super") {
                base.pop();
                path.next();
            }
        }
        first if files.contains_key(&format!("{file}::{first}")) => {}
        _ => return None,
    }
    base.extend(path.cloned());
    Some(base)
}

/// The file that defines what an absolute path names: re-exports are followed.
fn target(files: &Files, path: &[String], depth: usize) -> Option<String> {
    let mut module = String::new();
    for (index, part) in path.iter().enumerate() {
        let child = if module.is_empty() { part.clone() } else { format!("{module}::{part}") };
        if files.contains_key(&child) {
            module = child;
            continue;
        }
        if depth < 8
            && let Some(text) = files.get(&module)
        {
            for (public, exported) in paths(text) {
                if public && exported.last() == Some(part) {
                    let mut whole = absolute(files, &module, &exported)?;
                    whole.extend(path[index + 1..].iter().cloned());
                    return target(files, &whole, depth + 1);
                }
            }
        }
        break;
    }
    (!module.is_empty()).then_some(module)
}

/// Which files each file imports. A `pub use` of a folder's own file is its façade, no import.
fn imports(files: &Files) -> BTreeMap<String, BTreeSet<String>> {
    let mut edges = BTreeMap::new();
    for (file, text) in files {
        let mut to = BTreeSet::new();
        for (public, path) in paths(text) {
            let Some(whole) = absolute(files, file, &path) else { continue };
            let Some(other) = target(files, &whole, 0) else { continue };
            let facade = public && other.starts_with(&format!("{file}::"));
            if other != *file && !facade {
                to.insert(other);
            }
        }
        edges.insert(file.clone(), to);
    }
    edges
}

/// What is wrong with the house, one line each.
fn findings(files: &Files) -> Vec<String> {
    let floor = |file: &str| {
        let name = file.split("::").next().unwrap_or("");
        FLOORS.iter().position(|floor| *floor == name)
    };
    let edges = imports(files);
    let mut wrong = Vec::new();
    for (file, others) in &edges {
        let Some(own) = floor(file) else {
            wrong.push(format!("{file} is on no floor"));
            continue;
        };
        for other in others {
            if floor(other).is_some_and(|floor| floor < own) {
                wrong.push(format!("{file} imports upwards, from {other}"));
            }
        }
    }
    for file in edges.keys() {
        if let Some(way) = circle(&edges, file) {
            wrong.push(format!("a circle: {}", way.join(" → ")));
        }
    }
    wrong
}

/// The shortest way from a file back to it.
fn circle(edges: &BTreeMap<String, BTreeSet<String>>, from: &str) -> Option<Vec<String>> {
    let mut ways = vec![vec![from.to_owned()]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for next in way.last().and_then(|last| edges.get(last)).into_iter().flatten() {
                let mut way = way.clone();
                way.push(next.clone());
                if next == from {
                    return Some(way);
                }
                if seen.insert(next.clone()) {
                    longer.push(way);
                }
            }
        }
        ways = longer;
    }
    None
}

fn read(folder: &Path, module: &str, files: &mut Files) {
    for entry in std::fs::read_dir(folder).expect("readable").flatten() {
        let path = entry.path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let child = if module.is_empty() { name.clone() } else { format!("{module}::{name}") };
        if path.is_dir() {
            read(&path, &child, files);
        } else if name == "mod" {
            files.insert(module.to_owned(), std::fs::read_to_string(&path).expect("text"));
        } else if !matches!(name.as_str(), "lib" | "main" | "tests" | "synthetic") {
            files.insert(child, std::fs::read_to_string(&path).expect("text"));
        }
    }
}

fn house() -> Files {
    let mut files = Files::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut files);
    files
}

#[test]
fn nothing_is_imported_from_above_or_in_a_circle() {
    let wrong = findings(&house());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn an_upward_import_and_a_circle_are_found() {
    let add = |file: &str, text: &str| {
        let mut files = house();
        files.entry(file.to_owned()).or_default().insert_str(0, text);
        findings(&files)
    };
    let upward = add("solid::cell", "use crate::study::{lock::Lock};\n");
    assert!(upward.iter().any(|line| line == "solid::cell imports upwards, from study::lock"));
    // By the façade of a folder, and by a path in the code.
    let facade = add("format::slab", "fn f() -> crate::study::runner::Progress { todo!() }\n");
    let line = "format::slab imports upwards, from study::runner::message";
    assert!(facade.iter().any(|found| found == line), "{facade:?}");
    let circle = add("format::access", "use super::archive::Writer;\n");
    assert!(
        circle.iter().any(|line| line.starts_with("a circle: format::access → ")),
        "{circle:?}"
    );
    let nowhere = add("attic::trunk", "");
    assert!(nowhere.iter().any(|line| line == "attic::trunk is on no floor"));
}

#[test]
fn the_architecture_page_has_the_same_floors() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/architecture.md");
    let page = std::fs::read_to_string(page).expect("readable");
    let order = FLOORS.join(" → ");
    assert!(page.contains(&order), "docs/architecture.md does not say {order}");
}
