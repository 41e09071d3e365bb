"""Finding scans by what their manifests say: filters in MongoDB's words, sorting, pages, and everything as a stream."""
