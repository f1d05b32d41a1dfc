-- A block of ten thousand spans is some fourteen megabytes. Up to 64 MiB a part keeps its fifty columns in one file
-- instead of in a hundred and fifty, whose making costs the processor as much as their content.
ALTER TABLE spans MODIFY SETTING min_bytes_for_wide_part = 67108864;
