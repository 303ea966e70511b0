"""The English sentence of every code that the package says of a case; translations lie in the catalogues beside it.

A template names its values; what stands after a colon is how a number is written, or what stands between the items of a list.
Translators see the names alone. A pair is chosen by the value ``n``: the first for one, the second for any other number.
"""

from collections.abc import Mapping
from functools import cache
from string import Formatter
from types import MappingProxyType
from typing import TypeAlias

__all__ = ["SENTENCES", "Template", "fields_of", "message_id"]

Template: TypeAlias = str | tuple[str, str]

_FIT = "(p = {p1:.3f} for H1, {p2:.3f} for H2; a class fits above {level:g})"

# What may be said of a picture: forensics.judgement and forensics.calibration.
_JUDGING: dict[str, Template] = {
    "too_small": (
        "The short side has {n} pixel; at least {least} are needed.",
        "The short side has {n} pixels; at least {least} are needed.",
    ),
    "flat": "Every part of the picture is flat; there is nothing in which traces could be found.",
    "too_compressed": "The picture is compressed too strongly: estimated JPEG quality {quality:.0f}, at least {least:.0f} is needed.",
    "screenshot_like": "The file has the marks of a screenshot: what it holds passed through a display, which is not what was validated. "
    "Ask for the picture itself.",
    "not_calibrated": "No calibration card is loaded, so the score has no known meaning as evidence; it may only be used to decide what "
    "to look at more closely.",
    "weights_withdrawn": "These weights are withdrawn as evidence: on pictures unlike those of their making they do no better than chance "
    "and take face swaps for photographs; nothing may be concluded from the score.",
    "no_card_for_stratum": "The calibration holds nothing for pictures of this kind ({stratum}): {why}. Use the score only to decide what "
    "to look at more closely, or calibrate with pictures of this kind ('forensics calibrate').",
    "outside_domain": "The score fits neither the generated nor the camera pictures of the calibration "
    + _FIT
    + ": the picture lies "
    "outside what was validated.",
    "fits_both_classes": "The score is common among generated and among camera pictures of the calibration "
    + _FIT
    + ".",
    "interval_includes_1": "The interval of the likelihood ratio includes 1.",
    "no_useful_support": "The end of the interval of the likelihood ratio nearer to 1 lies between 1/{edge:g} and {edge:g}.",
    "sides_disagree": "The likelihood ratio and the class that the score fits " + _FIT + " point to different sides.",
    "flips_under_processing": "The likelihood ratio moves to the other side of 1 when the picture is delivered otherwise ({deliveries}); "
    "its content is the same.",
    "fits_h1_only": "Among the pictures of the calibration such a score fits H1 and not H2 "
    + _FIT
    + ", and the whole interval of the "
    "likelihood ratio lies on the side of H1.",
    "fits_h2_only": "Among the pictures of the calibration such a score fits H2 and not H1 "
    + _FIT
    + ", and the whole interval of the "
    "likelihood ratio lies on the side of H2.",
    "h2_means_unlike_tested": "Support for H2 is no sign that the picture is unaltered. It says that the picture is unlike the generated "
    "pictures of the calibration, no more: other generators and alterations of a part may leave no trace that the detector knows.",
    "stratum_absent": "no picture of this kind was among those it was made from",
    "generated_pictures": ("{n} generated picture", "{n} generated pictures"),
    "camera_pictures": ("{n} camera picture", "{n} camera pictures"),
    "stratum_too_small": "{generated} and {camera} were at hand, and at least {least} of each are needed",
    "strata_too_small": "{generated} and {camera}, with a face and without, were at hand, and at least {least} of each are needed",
    "worth_nothing_sources": "likelihood ratios of held-out sources were worth no more than LR = 1",
    "worth_nothing_pictures": "likelihood ratios of held-out pictures were worth no more than LR = 1",
    "not_checked_elsewhere": "it could not be checked: {generated} and {camera} of other sources were at hand, and at least {least} of each "
    "are needed",
    "failed_elsewhere": "on other sources ({generated}, {camera}) it failed: {figures}",
    "figure_beyond_limit": "{figure} {value:.3f}, limit {limit:g}",
    "any_subject": "any subject",
    "face_found": "face found",
    "no_face_found": "no face found",
    "jpeg_85_and_more": "JPEG 85 and more",
    "jpeg_60_to_84": "JPEG 60 to 84",
    "jpeg_below_60": "JPEG below 60",
    "not_jpeg": "not JPEG",
    "side_640_and_more": "short side 640 and more",
    "side_256_to_639": "short side 256 to 639",
    "side_below_256": "short side below 256",
    "stratum": "{parts}",
    "as_received": "as received",
    "saved": "JPEG {quality}",
    "saved_how": "saved as JPEG of quality {quality}, 4:2:0",
    "resized_to": "resized {percent} %",
    "resized_to_how": "scaled to {percent} % of each side (mean of pixels), saved as JPEG of quality 90",
    "cropped": "cropped",
    "cropped_how": "5 % cut from each edge, saved as JPEG of quality 95",
    "mirrored": "mirrored",
    "mirrored_how": "mirrored left to right, saved as JPEG of quality 95",
    "messenger_like": "messenger-like",
    "messenger_like_how": "scaled to 80 % of each side, saved as JPEG of quality 70, opened and saved again at 50",
    "screenshot_like_copy": "screenshot-like",
    "screenshot_like_copy_how": "scaled to 90 % of each side as a display does (bilinear), kept without loss as PNG",
}

# How a picture was looked at: forensics.detector and forensics.models.
_EXAMINING: dict[str, Template] = {
    "partly_seen": "The picture is larger than the tile cap covers: {share:.1f} % of its pixels lay between the tiles and were not looked at.",
    "flat_tiles": (
        "{n} tile without structure (sky, wall, black) was left out.",
        "{n} tiles without structure (sky, wall, black) were left out.",
    ),
    "resized": "The published view scheme resizes the picture to {size} x {size} and cuts parts of turned views; fine traces may be lost.",
    "not_finite": "The networks gave logits that are not finite for {name}. Check the weights with 'forensics weights verify'.",
    "backend_missing": "Fast mode was asked for, and {backend} is not installed. Install it with: pip install 'forensics[fast]'.",
    "backend_failed": "Fast mode was asked for, but {backend} failed ({error}).",
    "fast_unavailable": "Nothing faster is available on this machine; the scores were computed as in exact mode.",
    "fast_mode": "Computed in fast mode, by {backend} in {precision}: a score may differ by up to {tolerance:g} from that of exact mode, "
    "which is the one to quote.",
}

# What loading did, and why a file was refused: forensics.evidence.
_LOADING: dict[str, Template] = {
    "first_frame": "The file holds {n} frames; the first was examined.",
    "profile_not_applied": "The colour profile was not applied; pixel values are as stored.",
    "orientation_undefined": "The EXIF orientation {n} is not defined and was ignored.",
    "orientation_applied": "EXIF orientation {n} applied.",
    "high_byte_kept": "16 bits a channel: the high byte was kept.",
    "high_byte_kept_grey": "16 bits a channel: the high byte was kept. Grey was written to all three channels.",
    "grey_copied": "Grey was written to all three channels.",
    "alpha_dropped": "Transparency was dropped; the colours are as stored.",
    "palette_converted": "Palette colours were written out as RGB.",
    "cmyk_converted": "CMYK was converted to RGB without a profile.",
    "mode_converted": "{mode} was converted to RGB.",
    "name_not_text": "The file name held bytes that are no text; they are written as \\udcXX.",
    "name_ends_otherwise": "The name ends in {suffix}, the content is {kind}.",
    "is_folder": "{name} is a folder. Name the pictures in it, as in 'folder/*.jpg'.",
    "not_a_regular_file": "{name} is not a regular file. Copy the picture to a file first.",
    "not_there": "{name} does not exist. Check the path.",
    "not_there_at": "{name} does not exist at {path}. Check the path.",
    "not_readable": "{name} cannot be read: {reason}. Check the path and the file's permissions.",
    "empty": "{name} is empty. Get the file again from its source.",
    "too_many_bytes": "{name} has {n_bytes} bytes, more than the limit of {limit}. Raise Limits(max_bytes=...) if this size is expected.",
    "not_a_picture": "{name} is not a picture of a known kind (it starts with {start}). Give one of {kinds}.",
    "damaged": "{name} starts as {kind} but is damaged or incomplete: {reason}. Get the file again from its source.",
    "no_pixels": "{name} claims to be {width} x {height} pixels. Get the file again from its source.",
    "too_many_pixels": "{name} claims to be {width} x {height} pixels; the limits are {max_pixels} pixels and {max_side} a side. Raise "
    "Limits(max_pixels=..., max_side=...) if this size is expected.",
    "too_many_frames": "{name} has more than {limit} frames. Raise Limits(max_frames=...) or extract the frame.",
    "floating_point": "{name} has floating-point pixels, which have no agreed range. Export the picture as 8 or 16 bit.",
    "not_opened": "Could not be opened as a picture; not examined.",
    "credential_not_installed": "Checking content credentials needs a library that is not installed. Install it with: pip install 'forensics[provenance]'.",
    "credential_library_not_loaded": "The library did not load ({error}).",
    "credential_library_gave_up": "The library gave up: {reason}",
    "credential_gone": "The XMP names one in the file itself ({address}), which is not there any more.",
    "credential_check_off": "The check was switched off.",
    "credential_box_empty": "The file has a box for one, in which the library finds none.",
    "credential_present": "An earlier version recorded that it is present, no more.",
}

# What the package notes in a custody log: forensics.custody and forensics.packaging.
_CUSTODY: dict[str, Template] = {
    "recorded_first": "Recorded first with the SHA-256 {sha256}. It was not opened.",
    "gone_on_closing": "Gone when it was to be closed.",
    "same_as_before": "The same SHA-256 as before.",
    "opened_as": "Had the SHA-256 {sha256} when it was opened.",
    "torn_line": "It began: {beginning}",
    "package_not_finished": "The package of entry {entry} was not finished; nothing of it was left.",
}

# What a copy of a report covers: forensics.redaction.
_COVERING: dict[str, Template] = {
    "whole_withheld": "The whole picture is withheld in this copy.",
    "no_face_whole_withheld": "No face was found, so that the whole picture is withheld in this copy.",
    "places_covered": (
        "One place is covered in this copy: {places:; }.",
        "{n} places are covered in this copy: {places:; }.",
    ),
    "place": "columns {left} to {right}, rows {top} to {bottom}",
    "and_more": "and {n} more",
}

# What an explanation is worth, and what it shows: forensics.attribution.
_EXPLAINING: dict[str, Template] = {
    "sum_differs": "The sum differs from what it explains ({difference:+.2f} log-odds) by {share:.1f} %.",
    "sum_differs_drawn": "The sum differs from what it explains ({difference:+.2f} log-odds) by {share:.1f} %. It is drawn at random and "
    "right on average only, so this is told and not judged.",
    "cells_removed": "Cells removed, most important first: the log-odds fall below those of {share:.0f} % of {n} copies of the map laid "
    "elsewhere.",
    "cells_brought_back": "Cells brought back, most important first: the log-odds rise above those of {share:.0f} % of {n} copies of the "
    "map laid elsewhere.",
    "removal_gain": "Half the distance between these two curves: {gain:+.2f} log-odds.",
    "saved_again_ranks": "Rank correlation with the map of a copy saved at JPEG 95: {value:.2f}.",
    "saved_again_credit": "In a copy saved at JPEG 95 {share:.0f} % of the credit is another.",
    "shuffled_ranks": "Rank correlation with the map of the same network with shuffled weights: {value:.2f}.",
    "shuffled_ranks_of_many": "Rank correlation with the map of the same network with shuffled weights, median of {n} forgeries: "
    "{value:.2f}.",
    "foretold_changes": "Squared error of the changes that the map foretells: {value:.2f} of the squared changes.",
    "one_level_changes": "A change of at most one grey level changes the map by up to {share:.0f} % of its norm.",
    "points_at_forgeries": "On {n} local forgeries the strongest cell lay in the forged place in {hits:.0f} of 100 ({low:.0f} to "
    "{high:.0f}), where chance has {chance:.0f}.",
    "trust_not_checked": "not checked",
    "trust_passed": ("1 check made, passed", "{n} checks made, all passed"),
    "trust_failed": "not reliable: failed {checks}",
    "for_real": "−{limit:g} log-odds per cell, for ‘real’",
    "for_fake": "+{limit:g} log-odds per cell, for ‘fake’",
    "responded_to": "What the branch “{branch}” responded to in columns {left} to {right}, rows {top} to {bottom}: {method}, in log-odds "
    "per cell of {width:.3g} × {height:.3g} pixels.",
    "explained_logit_difference": "Explained: log-odds {output:+.2f}.",
    "explained_logit_fake": "Explained: logit of ‘fake’ {output:+.2f}.",
    "explained_logit_real": "Explained: logit of ‘real’ {output:+.2f}.",
    "against_baseline": "The baseline “{baseline}” has {reference:+.2f}, a difference of {difference:+.2f}.",
    "cells_sum": "The cells sum to {fake:+.2f} for ‘fake’ and {real:+.2f} for ‘real’.",
    "highest_view": "This view is the highest of {n}.",
    "no_map_of_places": "It is no map of forged places.",
    "checks": "Checks: {checks}.",
    "map_in_words": "Map of {columns} by {rows} cells, {checks}: sum for ‘fake’ {fake:+.2f}, for ‘real’ {real:+.2f} log-odds; strongest for "
    "‘fake’ {strongest:+.3f} in the cell at column {x}, row {y}; {share:.0f} percent of the cells at the ends of the scale or beyond.",
    # names of checks and of methods
    "convergence": "convergence",
    "deletion": "deletion",
    "insertion": "insertion",
    "removal": "removal",
    "stability": "stability",
    "randomisation": "randomisation",
    "infidelity": "infidelity",
    "sensitivity": "sensitivity",
    "localisation": "localisation",
    "integrated_gradients": "integrated gradients",
    "gradient_shap": "expected gradients",
    "occlusion": "occlusion",
    "grad_cam": "Grad-CAM",
    "group_ablation": "ablation of channel groups",
    "group_shapley": "Shapley values of channel groups",
    "region_ablation": "ablation of regions",
    "region_shapley": "Shapley values of regions",
}

SENTENCES: Mapping[str, Template] = MappingProxyType(
    {"as_recorded": "{text}", **_JUDGING, **_EXAMINING, **_LOADING, **_CUSTODY, **_COVERING, **_EXPLAINING}
)


@cache
def fields_of(template: str) -> Mapping[str, str]:
    """Return the values that a template names, each with how it is written."""
    return {name: form or "" for _text, name, form, _conversion in Formatter().parse(template) if name}


@cache
def message_id(template: str) -> str:
    """Return a template with the names of its values alone, as it stands in the catalogues."""
    return "".join(
        text + (f"{{{name}}}" if name else "") for text, name, _form, _conversion in Formatter().parse(template)
    )
